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
    /// For any reason, and of these for want of room.
    package var rowsRefused: UInt64
    package var rowsRefusedAtLimit: UInt64
    package var rowsRetired: UInt64
    package var rowsWidened: UInt64
    /// Floats of weights that are exactly zero, where the optimizer makes such.
    package var zeroWeights: Int
    /// Keys asked for, with those that have no row.
    package var rowsPulled: UInt64
}

/// The memory that all partitions of a core share; see `BlockPool`.
package struct MemoryStatistics: Hashable, Sendable {
    /// nil: no limit.
    package var bytesLimit: Int?
    package var bytesReserved: Int
    package var bytesUsed: Int
    package var pagesUnprepared: UInt64
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
                rowsRefused: counters.refusedNotFinite + counters.refusedAtLimit,
                rowsRefusedAtLimit: counters.refusedAtLimit, rowsRetired: counters.retired,
                rowsWidened: counters.widened, zeroWeights: owned.rows.zeroCount,
                rowsPulled: counters.pulled)
        }
    }

    package var memoryStatistics: MemoryStatistics {
        MemoryStatistics(
            bytesLimit: pool.byteLimit == .max ? nil : pool.byteLimit,
            bytesReserved: pool.bytesReserved, bytesUsed: pool.bytesUsed,
            pagesUnprepared: pool.pagesUnprepared)
    }
}
