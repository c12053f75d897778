/// `m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v); w -= rate * m' / (sqrt(v') + epsilon)`, with
/// `m' = m / (1 - b1^t)` and `v' = v / (1 - b2^t)`, `t` the row's own step count (Kingma and Ba 2014,
/// algorithm 1).
struct Adam: RowRule {
    static var momentCount: Int { 2 }

    let rate: Float
    let numbers: AdamNumbers

    @inline(__always)
    func factors(of row: RowUpdate) -> AdamNumbers.Correction {
        numbers.correction(rate: rate, step: row.nextStep())
    }

    @inline(__always)
    func step<L: Lanes>(
        _ w: L, _ g: L, _ m: inout L, _ v: inout L, _ correction: AdamNumbers.Correction
    ) -> L {
        numbers.step(w, g, &m, &v, correction)
    }
}

/// Adam with the partition's count of pushes as `t`, the same for all rows of a push.
struct LazyAdam: RowRule {
    static var momentCount: Int { 2 }

    private let numbers: AdamNumbers
    private let correction: AdamNumbers.Correction

    /// `step` counts the pushes before this one.
    init(rate: Float, numbers: AdamNumbers, step: UInt64) {
        self.numbers = numbers
        let count = UInt32(clamping: step)
        correction = numbers.correction(rate: rate, step: count < .max ? count + 1 : count)
    }

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ m: inout L, _ v: inout L, _: Void) -> L {
        numbers.step(w, g, &m, &v, correction)
    }
}

/// The numbers of Adam's variants, and what they have in common.
struct AdamNumbers: Sendable {
    /// Of one step count.
    struct Correction {
        /// `rate / (1 - b1^t)`
        let rate: Float
        /// `1 / (1 - b2^t)`
        let second: Float
    }

    let beta1: Float
    let beta2: Float
    let epsilon: Float
    private let beta1Powers: PowerTable
    private let beta2Powers: PowerTable

    init(beta1: Float, beta2: Float, epsilon: Float) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        beta1Powers = PowerTable(base: Double(beta1))
        beta2Powers = PowerTable(base: Double(beta2))
    }

    /// `step` counts from 1 on.
    @inline(__always)
    func correction(rate: Float, step: UInt32) -> Correction {
        Correction(
            rate: Float(Double(rate) / (1 - beta1Powers.power(step))),
            second: Float(1 / (1 - beta2Powers.power(step))))
    }

    @inline(__always)
    func step<L: Lanes>(
        _ w: L, _ g: L, _ m: inout L, _ v: inout L, _ correction: Correction
    ) -> L {
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        return w - correction.rate * m / ((correction.second * v).root + epsilon)
    }
}
