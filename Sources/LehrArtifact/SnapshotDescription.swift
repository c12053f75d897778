/// What a table snapshot is of, as its writer says.
package struct SnapshotDescription: Sendable, Equatable, Codable {
    /// Consecutive buckets of keys.
    package struct Buckets: Sendable, Equatable, Codable {
        package var first: Int
        package var count: Int

        package init(first: Int, count: Int) {
            self.first = first
            self.count = count
        }
    }

    /// The table's name; not empty.
    package var table: String
    /// The table's specification, in the words of whoever wrote it.
    package var spec: String
    /// The buckets whose rows are in the snapshot.
    package var buckets: Buckets
    /// Steps that these rows contain.
    package var appliedSteps: UInt64
    /// Anything else worth keeping.
    package var metadata: [String: String]

    package init(
        table: String, spec: String, buckets: Buckets, appliedSteps: UInt64,
        metadata: [String: String] = [:]
    ) {
        self.table = table
        self.spec = spec
        self.buckets = buckets
        self.appliedSteps = appliedSteps
        self.metadata = metadata
    }
}
