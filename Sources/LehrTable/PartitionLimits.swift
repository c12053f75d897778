/// What one partition may grow to; at a limit new keys are refused and existing rows go on.
package struct PartitionLimits: Hashable, Sendable {
    /// Most rows: three quarters of the 2^31 that locations can tell apart, as a row is 64 bytes at least.
    package static let maximumRows = 3 << 29

    package let rows: Int
    /// Bytes reserved for rows and index together, also while the index is being rebuilt.
    package let bytes: Int

    /// Values beyond what a partition can hold are lowered to that, negative ones raised to 0.
    package init(rows: Int = maximumRows, bytes: Int = .max) {
        self.rows = Swift.max(0, Swift.min(rows, Self.maximumRows))
        self.bytes = Swift.max(0, bytes)
    }

    /// What one of a table's partitions may grow to: its even share of the rows that the table may
    /// have, and, where there are several, a sixteenth and 64 rows more.
    ///
    /// Hashed keys fall into partitions by chance, so the fullest has more than its share `n`. The
    /// margin is at least four standard deviations of that, whatever `n` is: n / 16 + 64 >= 4 sqrt(n).
    package init(of storage: RowStorage, partitions: Int) {
        guard let limit = storage.rowLimit else {
            self.init()
            return
        }
        let rows = Int(Swift.min(limit, RowStorage.rowLimits.upperBound))
        let share = (rows + partitions - 1) / partitions
        self.init(rows: partitions > 1 ? share + share / 16 + 64 : share)
    }
}
