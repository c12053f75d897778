import LehrCluster
import LehrCore
import LehrMembership
import LehrTable

/// A partition on its way here, from where it is open.
final class Arrival {
    let id: PartitionID
    let job: JobID
    /// Under which the source owns it.
    let sourceIncarnation: PartitionIncarnation
    let move: PartitionMove
    /// Where the source answers; nil: it has gone.
    var address: String?
    private let limits: PartitionLimits
    private let make: () throws(TableSpecError) -> TablePartition
    private(set) var rows: TablePartition
    /// What came last: nothing is missing then.
    private(set) var memory: PartitionRecord?

    /// - Parameter make: the partition without a limit of rows: while they come, there may be more of them
    ///   than at any moment at the source.
    init(
        _ id: PartitionID, job: JobID, from sourceIncarnation: PartitionIncarnation,
        _ move: PartitionMove, limits: PartitionLimits,
        make: @escaping () throws(TableSpecError) -> TablePartition
    ) throws(TableSpecError) {
        self.id = id
        self.job = job
        self.sourceIncarnation = sourceIncarnation
        self.move = move
        self.limits = limits
        self.make = make
        rows = try make()
    }

    var isComplete: Bool { memory != nil }

    /// Forgets what has come: the source begins again.
    func restart() throws(TableSpecError) { rows = try make() }

    /// Takes a piece; stamps of the source's clock become those of this core's, which reads `stamp`.
    func take(_ chunk: consuming PartitionChunk, stamp: UInt32) throws(RestoreError) {
        let ahead = Int64(stamp) - Int64(chunk.stamp)
        for row in chunk.moved.rows.lastSeen.indices {
            chunk.moved.rows.lastSeen[row] = UInt32(
                clamping: Int64(chunk.moved.rows.lastSeen[row]) + ahead)
        }
        try rows.take(chunk.moved)
        guard let memory = chunk.memory else { return }
        rows.goOn(after: memory.pushCount, memory.counters, limits: limits)
        self.memory = memory
    }

    /// The partition as its new owner keeps it; nil: something is missing.
    func partition(_ incarnation: PartitionIncarnation, isSealed: Bool) -> OwnedPartition? {
        guard let memory else { return nil }
        let partition = OwnedPartition(id: id, job: job, incarnation: incarnation, rows: rows)
        partition.generation = memory.generation
        partition.applied = memory.applied
        partition.rowsPushed = memory.rowsPushed
        partition.cameBy = move.number
        partition.sealedFor = isSealed ? move.number : nil
        return partition
    }

    func report(_ state: MoveReport.State) -> MoveReport {
        MoveReport(id, move: move.number, state)
    }
}
