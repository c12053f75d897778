/// Rows of a table, column by column.
///
/// Rows may differ in width. The values of weights and optimizer states lie one behind the other, so
/// the offset of a row's is the sum of the widths (state counts) of the rows before it.
package struct RowColumns: Sendable, Equatable {
    package let format: RowFormat
    /// `[rows * keyWords]`: each key's words, the low one first.
    package var keys: [UInt64] = []
    /// `[rows]`: how often a row was shown, perhaps decayed.
    package var shows: [Float] = []
    /// `[rows]`
    package var clicks: [Float] = []
    /// `[rows]`: when a row was last used, in the table's own unit.
    package var lastSeen: [UInt32] = []
    /// `[rows]`: updates of a row.
    package var steps: [UInt32] = []
    /// `[rows]`: values of each row's weight.
    package var widths: [UInt16] = []
    /// The values of all weights as `format.numbers`, packed and little-endian.
    package var weights: [UInt8] = []
    /// `[rows]` when `format.numbers` has scales, else empty.
    package var scales: [Float] = []
    /// `[rows]`: floats of each row's optimizer state.
    package var stateCounts: [UInt16] = []
    /// The optimizer states of all rows.
    package var states: [Float] = []

    package init(_ format: RowFormat) { self.format = format }

    package var keyWords: Int { format.keyWords }
    package var rowCount: Int { widths.count }
    package var isEmpty: Bool { widths.isEmpty }

    /// Bytes of all columns.
    package var byteCount: Int {
        Self.rowBytes(format) * rowCount + weights.count + 4 * states.count
    }

    /// Bytes of a row beside its weight and state.
    package static func rowBytes(_ format: RowFormat) -> Int {
        8 * format.keyWords + 4 * 4 + 2 * 2 + (format.numbers.hasScale ? 4 : 0)
    }

    /// Drops all rows.
    package mutating func removeAll(keepingCapacity keeps: Bool) {
        keys.removeAll(keepingCapacity: keeps)
        shows.removeAll(keepingCapacity: keeps)
        clicks.removeAll(keepingCapacity: keeps)
        lastSeen.removeAll(keepingCapacity: keeps)
        steps.removeAll(keepingCapacity: keeps)
        widths.removeAll(keepingCapacity: keeps)
        weights.removeAll(keepingCapacity: keeps)
        scales.removeAll(keepingCapacity: keeps)
        stateCounts.removeAll(keepingCapacity: keeps)
        states.removeAll(keepingCapacity: keeps)
    }
}
