/// `w += (1 - decay) * (g - w)`, which is `decay * w + (1 - decay) * g` and never leaves the range of
/// its samples.
struct MovingAverage: RowRule {
    static var momentCount: Int { 0 }

    let decay: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _: inout L, _: inout L, _: Void) -> L {
        w + (1 - decay) * (g - w)
    }
}
