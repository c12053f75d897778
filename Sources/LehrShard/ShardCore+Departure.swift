import LehrCluster
import LehrCore
import LehrMembership
import LehrTable

/// Partitions that leave. An owner writes on while its successor copies the rows; it seals the partition
/// when little is left to send, and keeps it sealed until the map says what has become of the move.
extension ShardCore {
    /// When so many times its rows were sent, or after so many rounds, a partition is sealed, however much
    /// changes.
    private static let sendingsMax = 8
    private static let roundsMax = 64

    /// Partitions that are being copied elsewhere.
    var departureCount: Int {
        partitions.values.count { $0.departure.map { !$0.isOver } ?? false }
    }

    /// A partition that is here as one that leaves, if the map has its move under this number. It begins to
    /// leave, from its first row on, with `begin`; one that is sealed stays so.
    func departing(
        of id: PartitionID, _ incarnation: PartitionIncarnation, number: UInt64, cluster: ClusterID
    ) throws(ShardRefusal) -> DepartingPartition {
        try check(cluster: cluster)
        let partition = try held(id, incarnation)
        guard let move = moves[id], move.number == number else { throw .notMoving(id) }
        return DepartingPartition(partition: partition, departure: Departure(move))
    }

    func nextStep(of departing: DepartingPartition, now: Instant) -> DepartureStep {
        let (partition, departure) = (departing.partition, departing.departure)
        guard self.partition(partition.id) === partition, departing.isDeparting,
            moves[partition.id]?.number == departure.move.number
        else { return .refused(.notMoving(partition.id)) }
        guard !departure.isOver else { return .over }
        guard !partition.rows.hasLostChanges else {
            return .refused(
                .exhausted("more rows change than can be sent; move the partition at another time"))
        }
        let stamp = Self.stamp(now)
        let limit = max(1, min(movedRows, Self.movedBytes / partition.rows.rowBytes))
        while true {
            if guards.contains(.sealedBeforeLastRows), isReadyToSeal(departing) {
                guard !isStaged(at: partition) else { return .wait }
                partition.sealedFor = departure.move.number
            }
            guard guards.contains(.changesAreSentAgain) || !departure.copy.isCaughtUp else { break }
            if let moved = partition.rows.next(of: &departure.copy, limit: limit) {
                moveCounters.rowsSent += UInt64(moved.rows.rowCount)
                return .chunk(PartitionChunk(moved: moved, stamp: stamp))
            }
            guard !partition.isSealed, guards.contains(.sealedBeforeLastRows) else { break }
        }
        departure.isOver = true
        return .chunk(
            PartitionChunk(
                moved: MovedRows(rows: RowColumns(partition.rows.spec.rowFormat)), stamp: stamp,
                memory: memory(of: partition)))
    }

    /// Whether little is left to send, or as little as ever will be.
    private func isReadyToSeal(_ departing: DepartingPartition) -> Bool {
        let (partition, copy) = (departing.partition, departing.departure.copy)
        return !partition.isSealed && copy.isCaughtUp
            && (partition.rows.changedCount < movedRows
                || !guards.contains(.changesAreSentAgain)
                || copy.rounds >= Self.roundsMax
                || copy.rowsSent >= Self.sendingsMax * partition.rows.rowCount)
    }

    /// Whether a step is staged that has to be committed or aborted here.
    private func isStaged(at partition: OwnedPartition) -> Bool {
        steps[partition.job]?.ledger.staged?.payload.claims.contains(partition.claim) ?? false
    }

    private func memory(of partition: OwnedPartition) -> PartitionRecord {
        PartitionRecord(
            generation: partition.generation,
            applied: guards.contains(.appliedBatchesMove) ? partition.applied : AppliedSet(),
            rowsPushed: partition.rowsPushed, pushCount: partition.rows.pushCount,
            counters: partition.rows.counters,
            attempts: steps[partition.job]?.ledger.attempts.map {
                PartitionRecord.Attempt(part: $0.part, attempt: $0.attempt)
            } ?? [])
    }
}
