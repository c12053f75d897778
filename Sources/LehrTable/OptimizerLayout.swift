/// Which floats a rule keeps behind each row's weight: the one place that says so.
///
/// | rule    | floats          | meaning                               | starts at            |
/// |---------|-----------------|---------------------------------------|----------------------|
/// | sgd     | 0               |                                       |                      |
/// | adagrad | `dimension`     | sum of squared gradients              | `initialAccumulator` |
/// | adam    | `2 * dimension` | first moments, then second moments    | 0                    |
struct OptimizerLayout: Hashable, Sendable {
    /// Floats of state in a row.
    let stateCount: Int
    /// What every float of a new row's state is.
    let initialState: Float

    init(rule: Optimizer.Rule, dimension: Int) {
        switch rule {
        case .sgd:
            stateCount = 0
            initialState = 0
        case .adagrad(let accumulator):
            stateCount = dimension
            initialState = accumulator
        case .adam:
            stateCount = 2 * dimension
            initialState = 0
        }
    }
}
