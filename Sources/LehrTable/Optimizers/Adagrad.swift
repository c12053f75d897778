/// `G += g^2; w -= rate * g / sqrt(G)` (Duchi, Hazan and Singer 2011)
struct Adagrad: RowRule {
    static var momentCount: Int { 1 }

    let rate: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ squares: inout L, _: inout L, _: Void) -> L {
        squares += g * g
        return w - rate * g / squares.root
    }
}
