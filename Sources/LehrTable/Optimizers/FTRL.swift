/// FTRL-Proximal (McMahan et al. 2013, algorithm 1) with `rate` as its `alpha`; the first moment is
/// `z`, the second `n`.
struct FTRL: RowRule {
    static var momentCount: Int { 2 }

    /// Bound of `z`: 2^80, far beyond what training makes of it.
    static let zLimit: Float = 0x1p80

    let beta: Float
    let l1: Float
    let l2: Float
    private let inverseRate: Float

    init(rate: Float, beta: Float, l1: Float, l2: Float) {
        self.beta = beta
        self.l1 = l1
        self.l2 = l2
        inverseRate = 1 / rate
    }

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ z: inout L, _ n: inout L, _: Void) -> L {
        let sum = n + g * g
        let root = sum.root
        let sigma = inverseRate * (root - n.root)
        z = (z + (g - sigma * w)).bounded(by: Self.zLimit)
        n = sum
        // Subtracted from zero, so that a weight of zero is +0.
        return (L(repeating: 0) - z.shrunk(by: l1)) / (inverseRate * (root + beta) + l2)
    }

    /// The `z` of which `weight` is the solution while `n` is 0.
    func initialZ(of weight: Float) -> Float {
        guard weight != 0 else { return 0 }
        let z = -weight * (inverseRate * beta + l2) - (weight < 0 ? -l1 : l1)
        return z.bounded(by: Self.zLimit)
    }
}
