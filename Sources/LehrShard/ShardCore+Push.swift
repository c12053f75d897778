package import LehrCluster
package import LehrCore
import LehrMembership
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
        try apply(
            try check(push: slices, identity, cluster: cluster, now: now), identity, now: now)
    }

    /// Applies what was checked, where it was not before.
    func apply(
        _ checked: [CheckedSlice], _ identity: PushIdentity, now: Instant
    ) throws(ShardRefusal) -> PushAnswer {
        var answer = PushAnswer()
        var toApply = checked
        for index in checked.indices {
            toApply[index].runs.removeAll()
            for run in checked[index].runs {
                run.partition.enter(generation: identity.generation)
                switch run.partition.admit(identity) {
                case .apply: toApply[index].runs.append(run)
                case .duplicate where guards.contains(.repeatsAreDropped): answer.repeated += 1
                case .duplicate: toApply[index].runs.append(run)
                case .exhausted: throw Self.windowExhausted(identity)
                }
            }
        }
        for part in toApply {
            apply(part, identity, stamp: Self.stamp(now))
            answer.applied += UInt32(part.runs.count)
        }
        return answer
    }

    /// Applies the runs of a slice, all of one table, and remembers the batch.
    private func apply(_ part: CheckedSlice, _ identity: PushIdentity, stamp: UInt32) {
        let slice = part.slice
        TablePartition.push(
            part.runs.map { PartitionRun($0.partition.rows, $0.keys) }, keys: slice.keys,
            gradients: slice.gradients, shows: slice.shows.isEmpty ? nil : slice.shows,
            clicks: slice.clicks.isEmpty ? nil : slice.clicks, now: stamp)
        for run in part.runs {
            run.partition.rowsPushed += UInt64(run.keys.count)
            noteGaps(of: run.partition)
            if isRepeat(identity, at: run.partition) { continue }
            run.partition.applied.record(part: identity.part, batch: identity.batch)
        }
    }

    /// Whether a batch that is applied was let through although it is remembered.
    private func isRepeat(_ identity: PushIdentity, at partition: OwnedPartition) -> Bool {
        !guards.contains(.repeatsAreDropped)
            && partition.applied.contains(part: identity.part, batch: identity.batch)
    }

    static func windowExhausted(_ identity: PushIdentity) -> ShardRefusal {
        .exhausted(
            "batch \(identity.batch) of part \(identity.part) is too far ahead of the settled ones; "
                + "push the earlier batches first")
    }

    /// A slice of a push with its runs.
    struct CheckedSlice {
        let slice: TableSlice
        var runs: [ResolvedRun]
    }

    /// Checks a push as a whole, changing nothing.
    func check(
        push slices: [TableSlice], _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> [CheckedSlice] {
        try check(cluster: cluster)
        try checkLease(now: now)
        var checked: [CheckedSlice] = []
        var named: Set<PartitionID> = []
        for slice in slices {
            let runs = try resolve(slice)
            try checkLengths(slice, dimension: runs.first?.partition.rows.spec.dimension ?? 0)
            if let partition = runs.first?.partition, !partition.rows.spec.isTrained {
                throw .notTrained(slice.table)
            }
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
            }
            checked.append(CheckedSlice(slice: slice, runs: runs))
        }
        return checked
    }

    private func checkLengths(_ slice: TableSlice, dimension: Int) throws(ShardRefusal) {
        let keys = slice.keyCount
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
}
