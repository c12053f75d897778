package import LehrCluster
package import LehrCore
package import LehrTable

/// The staged steps of one job in sequential mode, on one core.
struct JobSteps {
    var generation: UInt32
    /// What is staged is the push request itself, kept until it is committed or dropped.
    var ledger = StepLedger<[UInt8]>(byteLimit: ShardCore.stagedBytesMax)
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
        var staging: StepStaging = .staged
        try withLedger(identity) {
            staging = $0.stage(
                identity.step, attempt: UInt64(identity.attempt), payload: request,
                byteCount: request.count)
        }
        switch staging {
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
        _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> StepStatus {
        try check(cluster: cluster)
        try checkLease(now: now)
        var inquiry: StepInquiry = .status(.none)
        try withLedger(identity) {
            inquiry = $0.inquire(identity.step, attempt: UInt64(identity.attempt))
        }
        switch inquiry {
        case .status(let status): return status
        case .refused(let refusal): throw .step(refusal)
        }
    }

    /// Takes the staged request out for the caller to decode and `applyCommitted` at once; nil when
    /// nothing of the step is left to do here.
    package func commit(
        _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> [UInt8]? {
        try check(cluster: cluster)
        try checkLease(now: now)
        var commit: StepCommit<[UInt8]> = .notStaged
        try withLedger(identity) {
            commit = $0.commit(identity.step, attempt: UInt64(identity.attempt))
        }
        switch commit {
        case .apply(let request): return request
        // Not staged: this core has no partition that the step touches.
        case .alreadyCommitted, .notStaged: return nil
        case .refused(let refusal): throw .step(refusal)
        }
    }

    /// Applies a staged push under the identity that it was staged with.
    package func applyCommitted(
        _ slices: [TableSlice], _ identity: PushIdentity, now: Instant
    ) throws(ShardRefusal) {
        _ = try push(slices, identity, cluster: cluster, now: now)
    }

    package func abort(
        _ identity: PushIdentity, cluster: ClusterID, now: Instant
    ) throws(ShardRefusal) -> StepStatus {
        try check(cluster: cluster)
        try checkLease(now: now)
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

    private func withLedger(
        _ identity: PushIdentity, _ body: (inout StepLedger<[UInt8]>) -> Void
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

extension PushIdentity {
    var step: StepID { StepID(part: part, batch: batch) }
}
