/// Where a scan goes on; its value means something only to the partition that gave it.
package struct ScanCursor: Hashable, Sendable, Codable {
    package static let start = ScanCursor(0)

    package let value: UInt64

    /// Any value is accepted: one beyond the last row finds nothing.
    package init(_ value: UInt64) { self.value = value }
}

/// A run of rows from a scan, column by column.
package struct ScannedRows: Hashable, Sendable {
    /// `KeyWidth.words` of each row.
    package var keys: [UInt64] = []
    /// `dimension` floats of each row.
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
        rows.keys.reserveCapacity(expected * spec.storage.keyWidth.words)
        rows.weights.reserveCapacity(expected * dimension)
        let next = store.chunks.visit(from: cursor.value, limit: limit) { _, row in
            let header = row.header.pointee
            rows.keys.append(header.key)
            if store.keys.isWide { rows.keys.append(store.keys.high(of: row)) }
            rows.shows.append(header.show)
            rows.clicks.append(header.click)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: dimension) { weight in
                guard let start = weight.baseAddress else { return }
                values.read(row, width: width(of: row), into: start)
                rows.weights.append(contentsOf: weight)
            }
        }
        rows.next = next.map { ScanCursor($0) }
        return rows
    }
}
