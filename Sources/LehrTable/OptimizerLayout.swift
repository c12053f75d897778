/// Which floats a rule keeps behind each row's weight: the one place that says so.
///
/// | rule           | floats          | meaning                              | starts at            |
/// |----------------|-----------------|--------------------------------------|----------------------|
/// | sgd            | 0               |                                      |                      |
/// | momentum       | `width`         | momentum, also Nesterov's            | 0                    |
/// | adagrad        | `width`         | sum of squared gradients             | `initialAccumulator` |
/// | shared adagrad | 1               | sum of mean squared gradients        | 0                    |
/// | adam           | `2 * width`     | first moments, then second moments   | 0                    |
/// | lazy adam      | `2 * width`     | first moments, then second moments   | 0                    |
/// | shared adam    | `width + 1`     | first moments, then a second moment  | 0                    |
/// | rmsprop        | `width`         | second moments                       | 0                    |
/// | ftrl           | `2 * width`     | `z`, then `n`                        | see `FTRL.initialZ`, 0 |
/// | moving average | 0               |                                      |                      |
///
/// `OptimizerKernel.initializeState` writes the state of a new row.
struct OptimizerLayout: Hashable, Sendable {
    /// Floats of state for each float of the weight.
    let momentCount: Int
    /// Floats of state in a row.
    let stateCount: Int

    /// Of a row whose weight has `width` floats.
    init(rule: Optimizer.Rule, width: Int) {
        let type: any RowRule.Type =
            switch rule {
            case .sgd: SGD.self
            case .momentum(_, isNesterov: false): Momentum.self
            case .momentum(_, isNesterov: true): NesterovMomentum.self
            case .adagrad: Adagrad.self
            case .sharedAdagrad: SharedAdagrad.self
            case .adam: Adam.self
            case .lazyAdam: LazyAdam.self
            case .sharedAdam: SharedAdam.self
            case .rmsprop: RMSProp.self
            case .ftrl: FTRL.self
            case .movingAverage: MovingAverage.self
            }
        momentCount = type.momentCount
        stateCount = type.momentCount * width + type.sharedCount
    }
}

extension OptimizerLayout {
    /// Copies the state of a row of `oldWidth` to one of `width`, at whose places it has a meaning.
    func copyState(
        from old: UnsafePointer<Float>, width oldWidth: Int, to new: UnsafeMutablePointer<Float>,
        width: Int
    ) {
        for moment in 0..<momentCount {
            (new + moment * width).update(from: old + moment * oldWidth, count: oldWidth)
        }
        let shared = stateCount - momentCount * width
        (new + momentCount * width).update(from: old + momentCount * oldWidth, count: shared)
    }
}
