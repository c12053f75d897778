/// A rule of `Optimizer.Rule` with its numbers, ready to be applied to rows.
///
/// A row's state is `momentCount` runs of `width` floats, and behind them `sharedCount` floats of the
/// whole row.
protocol RowRule {
    /// What all floats of one row have in common in one step.
    associatedtype Factors = Void

    /// Floats of state that each float of the weight has: 0 to 2.
    static var momentCount: Int { get }
    static var sharedCount: Int { get }

    /// What the row's step begins with; updates the state that belongs to the row as a whole.
    func factors(of row: RowUpdate) -> Factors

    /// The weight after the step; `g` is the gradient with decay, bounded by
    /// `OptimizerKernel.gradientLimit`. A rule ignores the moments that it does not have.
    func step<L: Lanes>(
        _ w: L, _ g: L, _ first: inout L, _ second: inout L, _ factors: Factors
    ) -> L
}

extension RowRule {
    static var sharedCount: Int { 0 }
}

extension RowRule where Factors == Void {
    @inline(__always)
    func factors(of row: RowUpdate) {}
}

extension RowRule {
    /// Applies the rule to a row: eight floats at a time, the last ones by themselves.
    @inline(__always)
    func update(_ row: RowUpdate) {
        let factors = factors(of: row)
        var i = 0
        while i + 8 <= row.width {
            update(row, at: i, factors, as: SIMD8<Float>.self)
            i += 8
        }
        while i < row.width {
            update(row, at: i, factors, as: Float.self)
            i += 1
        }
    }

    @inline(__always)
    private func update<L: Lanes>(
        _ row: RowUpdate, at index: Int, _ factors: Factors, as type: L.Type
    ) {
        let offset = 4 * index
        let secondOffset = offset + 4 * row.width
        let w = row.weight.loadUnaligned(fromByteOffset: offset, as: L.self)
        let g = row.decayedGradient(at: index, w)
        var first = L(repeating: 0)
        var second = first
        if Self.momentCount > 0 {
            first = row.state.loadUnaligned(fromByteOffset: offset, as: L.self)
        }
        if Self.momentCount > 1 {
            second = row.state.loadUnaligned(fromByteOffset: secondOffset, as: L.self)
        }
        let updated = step(w, g, &first, &second, factors)
        row.weight.storeBytes(of: updated, toByteOffset: offset, as: L.self)
        if Self.momentCount > 0 {
            row.state.storeBytes(of: first, toByteOffset: offset, as: L.self)
        }
        if Self.momentCount > 1 {
            row.state.storeBytes(of: second, toByteOffset: secondOffset, as: L.self)
        }
    }
}
