package import LehrCore
import LehrMembership
package import LehrTable

/// A partition as its owner keeps it: rows, the fence, and what has been applied.
package final class OwnedPartition {
    package let id: PartitionID
    package let job: JobID
    package let incarnation: PartitionIncarnation
    package let rows: TablePartition
    package internal(set) var generation: UInt32 = 1
    package internal(set) var applied = AppliedSet()
    /// Keys of all pushes applied.
    package internal(set) var rowsPushed: UInt64 = 0
    /// `TableCounters.vacated` when compaction was last asked for.
    var vacatedSeen: UInt64 = 0

    init(
        id: PartitionID, job: JobID, incarnation: PartitionIncarnation, rows: TablePartition
    ) {
        self.id = id
        self.job = job
        self.incarnation = incarnation
        self.rows = rows
    }

    /// Enters a newer generation, whose batches are counted anew.
    func enter(generation: UInt32) {
        guard generation > self.generation else { return }
        self.generation = generation
        applied = AppliedSet()
    }
}

/// Keeps the rows of a partition where they are, for as long as it is held on to: a scan must not miss a
/// row because it moved.
final class ScanHold {
    let partition: OwnedPartition

    init(_ partition: OwnedPartition) {
        self.partition = partition
        partition.rows.scanCount += 1
    }

    deinit { partition.rows.scanCount -= 1 }
}
