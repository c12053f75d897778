package import LehrCluster
package import LehrCore
import LehrMembership
package import LehrTable

/// A partition, and the incarnation that somebody believes in.
package struct PartitionClaim: Hashable, Sendable {
    package let id: PartitionID
    package let incarnation: PartitionIncarnation

    package init(_ id: PartitionID, _ incarnation: PartitionIncarnation) {
        self.id = id
        self.incarnation = incarnation
    }
}

/// A push request that is kept until it is committed or dropped, and the partitions that it touches.
struct StagedPush {
    let request: [UInt8]
    let claims: Set<PartitionClaim>
}

/// The staged steps of one job in sequential mode, on one core.
struct JobSteps {
    var generation: UInt32
    var ledger = StepLedger<StagedPush>(byteLimit: ShardCore.stagedBytesMax)
}

/// Sequential mode: a step commits on every owner or on none (`StepLedger` has the protocol).
extension ShardCore {
    /// Keeps a push (its request's bytes) until `commit`; it has been checked, so that it can be
    /// applied then.
    package func stage(
        _ slices: [TableSlice], request: [UInt8], _ identity: PushIdentity, cluster: ClusterID,
        now: Instant
    ) throws(ShardRefusal) -> StepStatus {
        let checked = try check(push: slices, identity, cluster: cluster, now: now)
        guard
            checked.allSatisfy({ $0.runs.allSatisfy { $0.partition.hasRoom(for: identity) } })
        else {
            throw Self.windowExhausted(identity)
        }
        let push = StagedPush(
            request: request, claims: Set(checked.flatMap { $0.runs.map(\.partition.claim) }))
        var staging: StepStaging = .staged
        var kept: StagedPush?
        try withLedger(identity) {
            staging = $0.stage(
                identity.step, attempt: UInt64(identity.attempt), payload: push,
                byteCount: request.count)
            kept = $0.staged?.payload
        }
        switch staging {
        case .staged where kept?.claims != push.claims:
            throw .stepConflict(
                "batch \(identity.batch) of part \(identity.part) is staged for other partitions")
        case .staged: return .staged
        case .alreadyCommitted: return .committed
        case .occupied(let step, let attempt):
            throw .stepConflict(
                "batch \(step.batch) of part \(step.part), attempt \(attempt), is staged and has to "
                    + "be committed or aborted first")
        case .tooLarge(let limit): throw .malformed("a step of more than \(limit) bytes")
        case .refused(let refusal): throw .step(refusal)
        }
    }

    package func inquire(
        _ identity: PushIdentity, at claims: [PartitionClaim], cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> StepStatus {
        let partitions = try check(identity, claims, cluster, now)
        let status = try status(of: identity)
        // A partition may have come here with the step, from where that was committed.
        return partitions.contains { $0.has(identity) } ? .committed : status
    }

    private func status(of identity: PushIdentity) throws(ShardRefusal) -> StepStatus {
        var inquiry: StepInquiry = .status(.none)
        try withLedger(identity) {
            inquiry = $0.inquire(identity.step, attempt: UInt64(identity.attempt))
        }
        switch inquiry {
        case .status(let status): return status
        case .refused(let refusal): throw .step(refusal)
        }
    }

    /// The request that is staged of a step for just these partitions, for the caller to decode and
    /// `commit` at once; nil when the step has been committed to all of them.
    package func staged(
        _ identity: PushIdentity, at claims: [PartitionClaim], cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> [UInt8]? {
        let partitions = try check(identity, claims, cluster, now)
        let status = try status(of: identity)
        let pending = partitions.filter { !$0.has(identity) }
        guard !pending.isEmpty else { return nil }
        guard status == .staged, let push = steps[identity.job]?.ledger.staged?.payload,
            push.claims == Set(pending.map(\.claim))
        else { throw .notStaged(identity) }
        return push.request
    }

    /// Applies a staged push under the identity that it was staged with, `push`; the step counts as
    /// committed once nothing can stop that any more.
    package func commit(
        _ slices: [TableSlice], staged push: PushIdentity, _ identity: PushIdentity, now: Instant
    ) throws(ShardRefusal) {
        let checked = try check(push: slices, push, cluster: cluster, now: now)
        guard checked.allSatisfy({ $0.runs.allSatisfy { $0.partition.hasRoom(for: push) } }) else {
            throw Self.windowExhausted(push)
        }
        var commit: StepCommit<StagedPush> = .notStaged
        try withLedger(identity) {
            commit = $0.commit(identity.step, attempt: UInt64(identity.attempt))
        }
        guard case .apply = commit else { throw .notStaged(identity) }
        _ = try apply(checked, push, now: now)
    }

    package func abort(
        _ identity: PushIdentity, at claims: [PartitionClaim], cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> StepStatus {
        _ = try check(identity, claims, cluster, now)
        var abort: StepAbort = .aborted
        try withLedger(identity) {
            abort = $0.abort(identity.step, attempt: UInt64(identity.attempt))
        }
        switch abort {
        case .aborted: return .none
        case .kept: return .staged
        case .alreadyCommitted: return .committed
        case .refused(let refusal): throw .step(refusal)
        }
    }

    /// The partitions that a step's request names, or why it is refused.
    private func check(
        _ identity: PushIdentity, _ claims: [PartitionClaim], _ cluster: ClusterID, _ now: Instant
    ) throws(ShardRefusal) -> [OwnedPartition] {
        try check(cluster: cluster)
        try checkLease(now: now)
        guard jobs.contains(identity.job) else { throw .unknownJob(identity.job) }
        guard !claims.isEmpty else { throw .malformed("a step names the partitions it is about") }
        var partitions: [OwnedPartition] = []
        for claim in claims {
            let partition = try owned(claim.id, claim.incarnation)
            guard partition.job == identity.job else {
                throw .malformed(
                    "table \(claim.id.table.value) is not of job \(identity.job.value)")
            }
            partitions.append(partition)
        }
        return partitions
    }

    /// Drops steps of jobs that have gone, and what is staged for a partition that is not here any more
    /// as it was: the step cannot be committed, and its worker computes it anew.
    func dropStaleSteps() {
        for (job, var known) in steps {
            guard jobs.contains(job) else {
                steps[job] = nil
                continue
            }
            let isStale = known.ledger.staged?.payload.claims.contains {
                partition($0.id)?.incarnation != $0.incarnation
            }
            guard isStale == true else { continue }
            known.ledger.dropStaged()
            steps[job] = known
        }
    }

    private func withLedger(
        _ identity: PushIdentity, _ body: (inout StepLedger<StagedPush>) -> Void
    ) throws(ShardRefusal) {
        guard jobs.contains(identity.job) else { throw .unknownJob(identity.job) }
        var job = steps[identity.job] ?? JobSteps(generation: identity.generation)
        guard identity.generation >= job.generation else {
            throw .olderGeneration(current: job.generation)
        }
        if identity.generation > job.generation { job = JobSteps(generation: identity.generation) }
        job.ledger.settleParts(below: identity.partFloor)
        body(&job.ledger)
        steps[identity.job] = job
    }
}

extension OwnedPartition {
    var claim: PartitionClaim { PartitionClaim(id, incarnation) }

    /// Whether the batch was applied here or is settled.
    fileprivate func has(_ identity: PushIdentity) -> Bool {
        generation == identity.generation
            && applied.contains(part: identity.part, batch: identity.batch)
    }
}

extension PushIdentity {
    var step: StepID { StepID(part: part, batch: batch) }
}
