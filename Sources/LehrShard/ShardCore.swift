import LehrCluster
package import LehrCore
package import LehrMembership
package import LehrTable

/// All that one core of a shard owns, and every decision about it. No I/O; the time comes in.
///
/// A request is checked as a whole before anything of it is applied: the cluster, the lease, and for
/// every partition its incarnation and the keys' range.
package final class ShardCore {
    package let index: UInt32
    /// The memory of all partitions.
    package let pool: BlockPool
    package internal(set) var cluster = ClusterID(0)
    package private(set) var lease: HeldLease?
    /// The life that the partitions are of; it outlives its lease.
    package private(set) var life: MemberIncarnation?
    /// Whether the process is about to give its lease back.
    private var isClosed = false
    /// By table, then by partition index. Only looked up, never iterated in a decision.
    var partitions: [PartitionID: OwnedPartition] = [:]
    var steps: [JobID: JobSteps] = [:]
    /// Jobs of the partitions owned.
    var jobs: Set<JobID> = []
    /// Tables whose keys have 128 bits.
    var wideTables: Set<TableID> = []
    /// Partitions to be looked at by compaction, in turn.
    var gaps: [PartitionID] = []
    /// The moves of partitions that leave this core. Only looked up.
    var moves: [PartitionID: PartitionMove] = [:]
    /// Partitions on their way here, ordered.
    var arrivals: [Arrival] = []
    /// Partitions that have come here and are sealed until the coordinator has heard of it.
    var taken: [MoveReport] = []
    package internal(set) var moveCounters = MoveCounters()
    var mapVersion: UInt64 = 0
    let guards: Guards

    /// Bytes of one staged step that are kept for a job.
    static let stagedBytesMax = 256 << 20

    /// Most rows in a piece of a partition that leaves. With fewer changes than that it is sealed.
    let movedRows: Int
    /// And bytes of rows, about: well below a millisecond's work.
    static let movedBytes = 256 << 10

    package init(
        index: UInt32, pool: BlockPool = BlockPool(), movedRows: Int = 1024, guards: Guards = .all
    ) {
        self.index = index
        self.pool = pool
        self.movedRows = movedRows
        self.guards = guards
    }

    /// Whether rows have left places, or pages are free that are not kept ready.
    package var hasMemoryToGive: Bool { !gaps.isEmpty || pool.hasSurplus }

    /// Of the keys in requests for a table; of one that is not here it does not matter.
    func keyWidth(of table: TableID) -> KeyWidth {
        wideTables.contains(table) ? .bits128 : .bits64
    }

    func partition(_ id: PartitionID) -> OwnedPartition? { partitions[id] }

    /// Everything owned, in order: for scans, statistics and tests.
    package var ownedPartitions: [OwnedPartition] {
        partitions.values.sorted { $0.id < $1.id }
    }

    // MARK: - Ownership

    /// The process has this lease: a new life's, whose partitions are none of an earlier one's, or the
    /// same life's again.
    package func holds(_ lease: HeldLease) {
        guard !isClosed else { return }
        if let life, life != lease.incarnation, guards.contains(.ownerFencesOldLives) { dropAll() }
        life = lease.incarnation
        self.lease = lease
    }

    /// The process's lease has ended: nothing is written until there is a new one. Reads go on.
    package func lost() { lease = nil }

    /// The process gives its lease back: nothing is written from now on, whatever else is heard. Reads
    /// go on until the process ends.
    package func close() {
        lease = nil
        isClosed = true
    }

    func dropAll() {
        partitions = [:]
        (moves, arrivals, taken) = ([:], [], [])
        jobs = []
        steps = [:]
        wideTables = []
        gaps = []
    }

    // MARK: - Checks

    /// One run of keys with the partition that they belong to.
    struct ResolvedRun {
        let partition: OwnedPartition
        /// Positions among the slice's keys.
        let keys: Range<Int>
    }

    /// The partitions of a request, or why it is refused as a whole.
    func resolve(_ slice: TableSlice) throws(ShardRefusal) -> [ResolvedRun] {
        var start = 0
        var runs: [ResolvedRun] = []
        runs.reserveCapacity(slice.runs.count)
        for run in slice.runs {
            let partition = try owned(
                PartitionID(table: slice.table, index: run.partition), run.incarnation)
            guard run.keyCount <= slice.keyCount - start else {
                throw .malformed(
                    "table \(slice.table.value): the runs name more keys than the "
                        + "\(slice.keyCount) sent")
            }
            let range = start..<(start + run.keyCount)
            if let outside = partition.rows.firstKeyOutside(slice.keys(at: range)) {
                throw .keyOutside(
                    partition.id, key: slice.nameOfKey(at: range.lowerBound + outside))
            }
            runs.append(ResolvedRun(partition: partition, keys: range))
            start = range.upperBound
        }
        guard start == slice.keyCount else {
            throw .malformed(
                "table \(slice.table.value): \(slice.keyCount) keys, but the runs name \(start)")
        }
        return runs
    }

    /// A partition that answers under the incarnation.
    func owned(
        _ id: PartitionID, _ incarnation: PartitionIncarnation
    ) throws(ShardRefusal) -> OwnedPartition {
        let partition = try held(id, incarnation)
        guard !partition.isSealed else { throw .sealed(id) }
        return partition
    }

    /// A partition that is here, be it sealed.
    func held(
        _ id: PartitionID, _ incarnation: PartitionIncarnation
    ) throws(ShardRefusal) -> OwnedPartition {
        guard let partition = partitions[id] else { throw .stale(id, current: nil) }
        guard partition.incarnation == incarnation else {
            throw .stale(id, current: partition.incarnation)
        }
        return partition
    }

    func check(cluster theirs: ClusterID) throws(ShardRefusal) {
        guard cluster.value != 0 else { throw .notJoined }
        guard theirs == cluster else { throw .wrongCluster(mine: cluster, theirs: theirs) }
    }

    /// To be asked when something was written, before anybody is told: what a lease does not cover at
    /// the end is as good as not done. Its repeat is dropped where it was applied.
    package func checkAnswer(now: Instant) throws(ShardRefusal) {
        guard guards.contains(.answersWithLease) else { return }
        do throws(ShardRefusal) { try checkLease(now: now) } catch { throw .answeredTooLate }
    }

    func checkLease(now: Instant) throws(ShardRefusal) {
        guard !isClosed else { throw .closing }
        guard let lease, lease.mayWrite(at: now) || !guards.contains(.ownerChecksItsLease) else {
            throw .leaseEnded
        }
    }
}
