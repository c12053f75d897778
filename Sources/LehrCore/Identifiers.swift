/// Grows by one each time a member joins; names one life of one process, and is its lease's id.
package struct MemberIncarnation: Hashable, Comparable, Sendable, Codable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// Grows at each change of a partition's owner; the data plane is fenced by it.
package struct PartitionIncarnation: Hashable, Comparable, Sendable, Codable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A training job, numbered by the coordinator from 1.
package struct JobID: Hashable, Comparable, Sendable, Codable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A table or dense variable, numbered by the coordinator from 1 across all jobs.
package struct TableID: Hashable, Comparable, Sendable, Codable {
    package let value: UInt32

    package init(_ value: UInt32) { self.value = value }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// One partition of one table.
package struct PartitionID: Hashable, Comparable, Sendable, Codable {
    package let table: TableID
    /// Position among the table's partitions, from 0.
    package let index: UInt32

    package init(table: TableID, index: UInt32) {
        self.table = table
        self.index = index
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.table, left.index) < (right.table, right.index)
    }
}

/// Drawn once when a cluster's state is created; keeps peers of another life out.
package struct ClusterID: Hashable, Sendable, Codable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }

    package var description: String {
        let hex = String(value, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }
}
