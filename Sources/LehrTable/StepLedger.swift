/// One owner's side of a two-phase commit that a worker runs over all owners of a job's partitions,
/// so that a step in sequential mode is applied by all of them or by none.
///
/// One value for each job generation on each owner (a set of partitions of one core). The protocol:
///
/// 1. A worker holds a part under an *attempt*, a number that grows each time the part changes hands
///    and is never used twice. It first `inquire`s at **every** owner about the part's first step that
///    is not settled. That also fences: from then on an older attempt is refused here.
/// 2. If any owner answered `committed`, the predecessor had decided to commit, so every owner has
///    the step staged or committed: `commit` everywhere (the predecessor's payload is used).
///    Otherwise none has, and none ever will: `abort` everywhere, and compute the step again.
/// 3. `stage` at every owner; when **all** have answered `staged`, `commit` at every owner; when all
///    have answered, go on to the next step with `stage`.
///
/// Every call may be repeated, and may arrive late or out of order: the answers are such that a stray
/// message of any attempt changes nothing that a decision was built on. Steps of a part are committed
/// in the order of their batches, and a job has at most one staged step here.
package struct StepLedger<Payload> {
    package struct Staged {
        package let step: StepID
        package let attempt: UInt64
        package let payload: Payload
    }

    private struct PartState: Hashable, Sendable {
        /// The newest attempt that was heard of.
        var attempt: UInt64
        /// The batch after the last one committed.
        var nextBatch: UInt64 = 0
    }

    /// Largest payload that is kept, in bytes.
    package let byteLimit: Int
    /// Parts remembered at once.
    package let partLimit: Int
    package private(set) var staged: Staged?
    package private(set) var partFloor: UInt32 = 0
    private var parts: [UInt32: PartState] = [:]

    package init(byteLimit: Int, partLimit: Int = AppliedSet.defaultPartLimit) {
        precondition(byteLimit >= 0 && partLimit > 0, "limits of a step ledger are positive")
        self.byteLimit = byteLimit
        self.partLimit = partLimit
    }

    package var partCount: Int { parts.count }

    /// Where `step` stands, fencing nobody: for display.
    package func status(of step: StepID) -> StepStatus {
        if isCommitted(step) { return .committed }
        return staged?.step == step ? .staged : .none
    }

    /// Where `step` stands; from now on older attempts of its part are refused.
    package mutating func inquire(_ step: StepID, attempt: UInt64) -> StepInquiry {
        if let refusal = enter(step, attempt) { return .refused(refusal) }
        return .status(status(of: step))
    }

    /// Keeps `payload` (`byteCount` bytes) until it is committed or aborted.
    ///
    /// A repetition is answered `staged` and keeps the first payload, which is the same: an attempt
    /// computes a step once.
    package mutating func stage(
        _ step: StepID, attempt: UInt64, payload: Payload, byteCount: Int
    ) -> StepStaging {
        if let refusal = enter(step, attempt) { return .refused(refusal) }
        if isCommitted(step) { return .alreadyCommitted }
        if let staged {
            guard staged.step == step, staged.attempt == attempt else {
                return .occupied(by: staged.step, attempt: staged.attempt)
            }
            return .staged
        }
        guard byteCount <= byteLimit else { return .tooLarge(limit: byteLimit) }
        staged = Staged(step: step, attempt: attempt, payload: payload)
        return .staged
    }

    /// Hands out the staged payload, whoever staged it, for the caller to apply before anything else
    /// happens; the step counts as committed from here on.
    package mutating func commit(_ step: StepID, attempt: UInt64) -> StepCommit<Payload> {
        if let refusal = enter(step, attempt) { return .refused(refusal) }
        if isCommitted(step) { return .alreadyCommitted }
        guard let staged, staged.step == step else { return .notStaged }
        self.staged = nil
        parts[step.part]?.nextBatch = step.batch + 1
        return .apply(staged.payload)
    }

    /// Drops what an *older* attempt has staged of `step`.
    ///
    /// What the same attempt has staged stays (`kept`): only a late repetition of an abort can meet
    /// it, and dropping it would undo a promise. To give up a step of its own a worker takes a new
    /// attempt.
    package mutating func abort(_ step: StepID, attempt: UInt64) -> StepAbort {
        if let refusal = enter(step, attempt) { return .refused(refusal) }
        if isCommitted(step) { return .alreadyCommitted }
        guard let staged, staged.step == step else { return .aborted }
        guard staged.attempt < attempt else { return .kept }
        self.staged = nil
        return .aborted
    }

    /// Drops what is staged, because it can never be applied: a later commit finds nothing.
    package mutating func dropStaged() { staged = nil }

    /// Forgets all parts below `part`, which are finished everywhere; their steps count as committed.
    package mutating func settleParts(below part: UInt32) {
        guard part > partFloor else { return }
        partFloor = part
        parts = parts.filter { $0.key >= part }
        if let staged, staged.step.part < part { self.staged = nil }
    }

    /// The newest attempt heard of, of each part, ascending by part.
    package var attempts: [(part: UInt32, attempt: UInt64)] {
        parts.sorted { $0.key < $1.key }.map { ($0.key, $0.value.attempt) }
    }

    /// Refuses older attempts of a part than one that another owner has heard of, from which a partition
    /// came here; with no room for the part it changes nothing.
    package mutating func fence(_ part: UInt32, attempt: UInt64) {
        _ = enter(StepID(part: part, batch: 0), max(attempt, parts[part]?.attempt ?? 0))
    }

    private func isCommitted(_ step: StepID) -> Bool {
        if step.part < partFloor { return true }
        return step.batch < parts[step.part]?.nextBatch ?? 0
    }

    /// Remembers the attempt, or says why it is refused.
    private mutating func enter(_ step: StepID, _ attempt: UInt64) -> StepRefusal? {
        guard step.part >= partFloor else { return nil }
        guard step.batch < .max else { return .batchOutOfRange }
        guard let state = parts[step.part] else {
            guard parts.count < partLimit else { return .tooManyParts(limit: partLimit) }
            parts[step.part] = PartState(attempt: attempt)
            return nil
        }
        guard attempt >= state.attempt else { return .outdated(newest: state.attempt) }
        parts[step.part]?.attempt = attempt
        return nil
    }
}

extension StepLedger: Sendable where Payload: Sendable {}
extension StepLedger.Staged: Sendable where Payload: Sendable {}
extension StepLedger: Equatable where Payload: Equatable {}
extension StepLedger.Staged: Equatable where Payload: Equatable {}
extension StepLedger: Hashable where Payload: Hashable {}
extension StepLedger.Staged: Hashable where Payload: Hashable {}
