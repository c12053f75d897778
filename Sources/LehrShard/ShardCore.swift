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
    package private(set) var cluster = ClusterID(0)
    package private(set) var lease: HeldLease?
    /// The life that the partitions are of; it outlives its lease.
    package private(set) var life: MemberIncarnation?
    /// Whether the process is about to give its lease back.
    private var isClosed = false
    /// By table, then by partition index. Only looked up, never iterated in a decision.
    private var partitions: [PartitionID: OwnedPartition] = [:]
    var steps: [JobID: JobSteps] = [:]
    /// Jobs of the partitions owned.
    private(set) var jobs: Set<JobID> = []
    /// Tables whose keys have 128 bits.
    private var wideTables: Set<TableID> = []
    /// Partitions to be looked at by compaction, in turn.
    var gaps: [PartitionID] = []
    private var mapVersion: UInt64 = 0
    let guards: Guards

    /// Bytes of one staged step that are kept for a job.
    static let stagedBytesMax = 256 << 20

    package init(index: UInt32, pool: BlockPool = BlockPool(), guards: Guards = .all) {
        self.index = index
        self.pool = pool
        self.guards = guards
    }

    package var hasGaps: Bool { !gaps.isEmpty }

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

    /// Takes over what the map gives to this core and drops the rest.
    ///
    /// A table that cannot be made is left out, and the first of them reported, after all else is
    /// taken over.
    package func adopt(_ map: ClusterMap) throws(TableSpecError) {
        guard let me = lease?.incarnation else { return }
        if map.cluster != cluster {
            dropAll()
            cluster = map.cluster
            mapVersion = 0
        }
        guard map.version >= mapVersion else { return }
        mapVersion = map.version
        var owned = guards.contains(.ownerFencesOldLives) ? [:] : partitions
        var failure: TableSpecError?
        for table in map.tables {
            let limits = PartitionLimits(
                of: table.spec.storage, partitions: table.partitions.count)
            for (position, placed) in table.partitions.enumerated()
            where placed.owner == me && placed.core == index {
                let id = PartitionID(table: table.id, index: UInt32(position))
                if let known = partitions[id], known.incarnation == placed.incarnation {
                    owned[id] = known
                    continue
                }
                do throws(TableSpecError) {
                    owned[id] = OwnedPartition(
                        id: id, job: table.job, incarnation: placed.incarnation,
                        rows: try TablePartition(
                            spec: table.spec, range: placed.range, limits: limits, pool: pool))
                } catch {
                    failure = failure ?? error
                }
            }
        }
        partitions = owned
        jobs = Set(owned.values.map(\.job))
        wideTables = Set(
            map.tables.filter { $0.spec.storage.keyWidth == .bits128 }.map(\.id))
        dropStaleSteps()
        if let failure { throw failure }
    }

    private func dropAll() {
        partitions = [:]
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

    func owned(
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
