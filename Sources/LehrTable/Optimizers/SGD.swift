/// `w -= rate * g`
struct SGD: RowRule {
    static var momentCount: Int { 0 }

    let rate: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _: inout L, _: inout L, _: Void) -> L { w - rate * g }
}
