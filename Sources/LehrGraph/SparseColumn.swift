/// Positions in a table for every example of a batch, in compressed-row form.
package struct SparseColumn: Sendable {
    /// `count + 1` positions: example `i` holds `indices[offsets[i] ..< offsets[i + 1]]`.
    package var offsets: [Int32]
    /// Rows of the table.
    package var indices: [Int32]
    /// A weight for each entry of `indices`; empty where all are 1.
    package var values: [Float]

    package init(offsets: [Int32], indices: [Int32], values: [Float] = []) {
        self.offsets = offsets
        self.indices = indices
        self.values = values
    }

    /// One entry an example: row `rows[i]` for example `i`.
    package init(rows: [Int32]) {
        self.init(offsets: Array(0...Int32(rows.count)), indices: rows)
    }

    static let empty = SparseColumn(offsets: [0], indices: [])

    /// Examples in the column.
    package var count: Int { offsets.count - 1 }

    /// Whether it is well formed for `examples` examples over a table of `rows` rows.
    func isValid(examples: Int, rows: Int) -> Bool {
        guard offsets.count == examples + 1, offsets.first == 0,
            offsets.last == Int32(indices.count), values.isEmpty || values.count == indices.count
        else { return false }
        var previous: Int32 = 0
        for offset in offsets {
            if offset < previous { return false }
            previous = offset
        }
        let limit = UInt32(rows)
        var isInside = true
        for index in indices { isInside = isInside && UInt32(bitPattern: index) < limit }
        return isInside
    }
}
