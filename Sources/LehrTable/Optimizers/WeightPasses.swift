/// What is done to a row's weight after the rule's step, where it is asked for.
struct WeightPasses: Sendable {
    /// Whether the optimizer makes weights that are exactly zero, which are then counted.
    let countsZeros: Bool
    private let l1: Float
    private let limit: Float?

    init(_ optimizer: Optimizer) {
        if case .ftrl = optimizer.rule {
            l1 = 0
            countsZeros = true
        } else {
            l1 = optimizer.l1
            countsZeros = l1 > 0
        }
        limit = optimizer.clipping.weight
    }

    var isEmpty: Bool { !countsZeros && limit == nil }

    func finish(_ weight: FloatRun, rate: Float) {
        if l1 > 0 { weight.shrink(by: rate * l1) }
        if let limit { weight.bound(by: limit) }
    }
}
