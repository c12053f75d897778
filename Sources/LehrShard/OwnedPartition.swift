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
