/// What one partition may grow to; at a limit new keys are refused and existing rows go on.
package struct PartitionLimits: Hashable, Sendable {
    /// Most rows that the index can tell apart: three quarters of 2^31 slots.
    package static let maximumRows = 3 << 29

    package let rows: Int
    /// Bytes reserved for rows and index together, also while the index is being rebuilt.
    package let bytes: Int

    /// Values beyond what a partition can hold are lowered to that, negative ones raised to 0.
    package init(rows: Int = maximumRows, bytes: Int = .max) {
        self.rows = Swift.max(0, Swift.min(rows, Self.maximumRows))
        self.bytes = Swift.max(0, bytes)
    }
}
