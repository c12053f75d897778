/// Where a scan goes on; its value means something only to the partition that gave it.
package struct ScanCursor: Hashable, Sendable, Codable {
    package static let start = ScanCursor(0)

    package let value: UInt64

    /// Any value is accepted: one beyond the last row finds nothing.
    package init(_ value: UInt64) { self.value = value }
}

/// A run of rows from a scan, column by column.
package struct ScannedRows: Hashable, Sendable {
    package var keys: [UInt64] = []
    /// `keys.count * dimension` floats.
    package var weights: [Float] = []
    package var shows: [Float] = []
    package var clicks: [Float] = []
    /// Where to go on, or nil after the last row.
    package var next: ScanCursor?
}

extension TablePartition {
    /// Up to `limit` existing rows from `cursor` on.
    ///
    /// Rows come in the order of their creation, so the same pushes in the same order give the same
    /// scan. A row created while a scan is under way is met at its end; a row changed is met as it
    /// is then. Dense rows that were never pushed do not exist: `pull` gives their values.
    package func scan(from cursor: ScanCursor, limit: Int) -> ScannedRows {
        precondition(limit > 0, "a scan of no rows would never end")
        let dimension = spec.dimension
        var rows = ScannedRows()
        let expected = Swift.min(limit, rowCount)
        rows.keys.reserveCapacity(expected)
        rows.weights.reserveCapacity(expected * dimension)
        let next = store.visit(from: cursor.value, limit: limit) { row in
            let header = RowLayout.header(of: row).pointee
            rows.keys.append(header.key)
            rows.shows.append(header.show)
            rows.clicks.append(header.click)
            rows.weights.append(
                contentsOf: UnsafeBufferPointer(start: RowLayout.weight(of: row), count: dimension))
        }
        rows.next = next.map { ScanCursor($0) }
        return rows
    }
}
