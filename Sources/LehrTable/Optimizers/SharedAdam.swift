import CLehrKernels

/// Adam with one second moment a row: `v += (1 - b2)(mean(g^2) - v)`.
struct SharedAdam: RowRule {
    static var momentCount: Int { 1 }
    static var sharedCount: Int { 1 }

    let rate: Float
    let numbers: AdamNumbers

    /// The row's rate by corrected first moment.
    @inline(__always)
    func factors(of row: RowUpdate) -> Float {
        let correction = numbers.correction(rate: rate, step: row.nextStep())
        let v = row.shared(0, behind: Self.momentCount)
        v.pointee += (1 - numbers.beta2) * (row.meanSquare() - v.pointee)
        return correction.rate / (lehr_sqrtf(correction.second * v.pointee) + numbers.epsilon)
    }

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ m: inout L, _: inout L, _ rate: Float) -> L {
        m += (1 - numbers.beta1) * (g - m)
        return w - rate * m
    }
}
