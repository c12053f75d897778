package import LehrCore
import LehrTable

/// What one partition holds and has done.
package struct PartitionStatistics: Hashable, Sendable {
    package var partition: PartitionID
    package var incarnation: PartitionIncarnation
    package var rows: Int
    package var bytesUsed: Int
    package var bytesReserved: Int
    /// Distinct batches applied, and repeats dropped.
    package var batchesApplied: UInt64
    package var batchesRepeated: UInt64
    package var rowsPushed: UInt64
    package var rowsRefused: UInt64
}

extension ShardCore {
    /// Of one job's partitions, or of all; ordered by partition.
    package func statistics(of job: JobID?) -> [PartitionStatistics] {
        ownedPartitions.filter { job == nil || $0.job == job }.map { owned in
            let counters = owned.rows.counters
            return PartitionStatistics(
                partition: owned.id, incarnation: owned.incarnation, rows: owned.rows.rowCount,
                bytesUsed: owned.rows.bytesUsed, bytesReserved: owned.rows.bytesReserved,
                batchesApplied: owned.applied.counters.applied,
                batchesRepeated: owned.applied.counters.duplicates, rowsPushed: owned.rowsPushed,
                rowsRefused: counters.refusedNotFinite + counters.refusedAtLimit)
        }
    }
}
