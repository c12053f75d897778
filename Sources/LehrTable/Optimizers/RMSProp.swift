/// `v = alpha * v + (1 - alpha) * g^2; w -= rate * g / (sqrt(v) + epsilon)` (Tieleman and Hinton 2012)
struct RMSProp: RowRule {
    static var momentCount: Int { 1 }

    let rate: Float
    let alpha: Float
    let epsilon: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ v: inout L, _: inout L, _: Void) -> L {
        v += (1 - alpha) * (g * g - v)
        return w - rate * g / (v.root + epsilon)
    }
}
