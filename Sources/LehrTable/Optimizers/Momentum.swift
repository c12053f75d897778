/// `m = decay * m + g; w -= rate * m` (Polyak 1964)
struct Momentum: RowRule {
    static var momentCount: Int { 1 }

    let rate: Float
    let decay: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ momentum: inout L, _: inout L, _: Void) -> L {
        momentum = decay * momentum + g
        return w - rate * momentum
    }
}

/// `m = decay * m + g; w -= rate * (g + decay * m)` (Sutskever et al. 2013)
struct NesterovMomentum: RowRule {
    static var momentCount: Int { 1 }

    let rate: Float
    let decay: Float

    @inline(__always)
    func step<L: Lanes>(_ w: L, _ g: L, _ momentum: inout L, _: inout L, _: Void) -> L {
        momentum = decay * momentum + g
        return w - rate * (g + decay * momentum)
    }
}
