import CLehrKernels

/// `w -= rate * g * sqrt(G0 / (G0 + G))`, and then `G += mean(g^2)`, one `G` a row, from 0 on.
struct SharedAdagrad: RowRule {
    static var momentCount: Int { 0 }
    static var sharedCount: Int { 1 }

    let rate: Float
    /// `G0`
    let initialAccumulator: Float

    /// The row's rate.
    @inline(__always)
    func factors(of row: RowUpdate) -> Float {
        let squares = row.shared(0, behind: Self.momentCount)
        let sum = squares.pointee
        squares.pointee = sum + row.meanSquare()
        return rate * lehr_sqrtf(initialAccumulator / (initialAccumulator + sum))
    }

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _: inout L, _: inout L, _ rate: Float) -> L {
        w - rate * g
    }
}
