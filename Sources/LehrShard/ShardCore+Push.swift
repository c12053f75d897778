package import LehrCluster
package import LehrCore
import LehrTable

extension ShardCore {
    /// What a push came to, in partitions.
    package struct PushAnswer: Equatable, Sendable {
        package var applied: UInt32 = 0
        package var repeated: UInt32 = 0
    }

    /// Applies a push, exactly once for each identity and partition.
    ///
    /// Everything is checked first: the lease, the incarnations, the keys, the lengths, and room in
    /// each partition's memory of batches. Only then is anything applied.
    package func push(
        _ slices: [TableSlice], _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> PushAnswer {
        let runs = try check(push: slices, identity, cluster: cluster, now: now)
        var admissions: [AppliedSet.Admission] = []
        admissions.reserveCapacity(runs.count)
        for (_, run) in runs {
            run.partition.enter(generation: identity.generation)
            let admission = run.partition.admit(identity)
            guard admission != .exhausted else { throw Self.windowExhausted(identity) }
            admissions.append(admission)
        }
        var answer = PushAnswer()
        for ((slice, run), admission) in zip(runs, admissions) {
            switch admission {
            case .apply:
                run.partition.apply(slice, run.keys, identity, stamp: Self.stamp(now))
                answer.applied += 1
            case .duplicate: answer.repeated += 1
            case .exhausted: break
            }
        }
        return answer
    }

    static func windowExhausted(_ identity: PushIdentity) -> ShardRefusal {
        .exhausted(
            "batch \(identity.batch) of part \(identity.part) is too far ahead of the settled ones; "
                + "push the earlier batches first")
    }

    /// Checks a push as a whole, changing nothing; returns its runs, each with the slice it is of.
    func check(
        push slices: [TableSlice], _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> [(slice: TableSlice, run: ResolvedRun)] {
        try check(cluster: cluster)
        try checkLease(now: now)
        var checked: [(slice: TableSlice, run: ResolvedRun)] = []
        var named: Set<PartitionID> = []
        for slice in slices {
            let runs = try resolve(slice)
            try checkLengths(slice, dimension: runs.first?.partition.rows.spec.dimension ?? 0)
            for run in runs {
                guard run.partition.job == identity.job else {
                    throw .malformed(
                        "table \(slice.table.value) is not of job \(identity.job.value)")
                }
                guard identity.generation >= run.partition.generation else {
                    throw .olderGeneration(current: run.partition.generation)
                }
                // The second run would pass for a repeat of the first.
                guard named.insert(run.partition.id).inserted else {
                    throw .malformed(
                        "partition \(run.partition.id.index) of table \(slice.table.value) comes "
                            + "twice")
                }
                checked.append((slice, run))
            }
        }
        return checked
    }

    private func checkLengths(_ slice: TableSlice, dimension: Int) throws(ShardRefusal) {
        let keys = slice.keys.count
        guard slice.gradients.count == keys * dimension else {
            throw .malformed(
                "table \(slice.table.value): \(slice.gradients.count) floats of gradients; expected "
                    + "\(keys * dimension) for \(keys) keys of dimension \(dimension)")
        }
        for (name, count) in [("shows", slice.shows.count), ("clicks", slice.clicks.count)] {
            guard count == 0 || count == keys else {
                throw .malformed(
                    "table \(slice.table.value): \(count) \(name); expected none or \(keys)")
            }
        }
    }

    /// Seconds on this core's clock: what a row's last-seen stamp counts.
    static func stamp(_ now: Instant) -> UInt32 {
        UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000_000)
    }
}

extension OwnedPartition {
    /// Whether there is room to remember the batch; changes nothing.
    func hasRoom(for identity: PushIdentity) -> Bool {
        guard identity.generation == generation else { return true }
        var tried = applied
        tried.settleParts(below: identity.partFloor)
        return tried.admit(part: identity.part, batch: identity.batch, floor: identity.floor)
            != .exhausted
    }

    func admit(_ identity: PushIdentity) -> AppliedSet.Admission {
        applied.settleParts(below: identity.partFloor)
        return applied.admit(part: identity.part, batch: identity.batch, floor: identity.floor)
    }

    /// Applies one run of a slice and remembers the batch.
    func apply(
        _ slice: TableSlice, _ keys: Range<Int>, _ identity: PushIdentity, stamp: UInt32
    ) {
        let dimension = rows.spec.dimension
        let floats = keys.lowerBound * dimension..<keys.upperBound * dimension
        rows.push(
            keys: slice.keys.part(keys), gradients: slice.gradients.part(floats),
            shows: slice.shows.isEmpty ? nil : slice.shows.part(keys),
            clicks: slice.clicks.isEmpty ? nil : slice.clicks.part(keys),
            now: stamp)
        applied.record(part: identity.part, batch: identity.batch)
        rowsPushed += UInt64(keys.count)
    }
}
