package import LehrCluster
package import LehrCore
package import LehrMembership
import LehrTable

/// One job's parts and evaluations: which are done, which are leased and to whom, and what is next.
///
/// A pure value. A part is leased to one worker at a time, for an attempt; the part's floor is where
/// the next attempt goes on. Reports of an attempt that is not the current one change nothing.
package struct JobLedger: Sendable {
    package private(set) var record: JobRecord
    package private(set) var parts: [PartRecord]
    package private(set) var evaluations: [EvaluationRecord]
    /// Parts below this are done: the search for the next one starts here.
    private var firstOpenPart = 0
    /// Who holds a part or an evaluation, at most one each.
    package private(set) var holders: Set<MemberIncarnation> = []
    package private(set) var meter = ProgressMeter()

    /// - Parameter workers: who is alive; whatever others held is free.
    package init(
        record: JobRecord, parts: [PartRecord] = [], evaluations: [EvaluationRecord] = [],
        workers: Set<MemberIncarnation> = []
    ) {
        self.record = record
        let count = Int(record.plan.partCount)
        self.parts = (0..<count).map { PartRecord(job: record.id, part: UInt32($0)) }
        for part in parts where Int(part.part) < count { self.parts[Int(part.part)] = part }
        self.evaluations = record.plan.evaluatedEpochs.map { epoch in
            evaluations.last { $0.epoch == epoch } ?? EvaluationRecord(job: record.id, epoch: epoch)
        }
        keepTasks { record.state == .running && workers.contains($0) }
        advance()
    }

    /// Leaves tasks with those holders that `isHolder` is true of, and frees the others.
    private mutating func keepTasks(_ isHolder: (MemberIncarnation) -> Bool) {
        for index in parts.indices {
            guard let holder = parts[index].holder else { continue }
            if isHolder(holder) { holders.insert(holder) } else { parts[index].holder = nil }
        }
        for index in evaluations.indices {
            guard let holder = evaluations[index].holder else { continue }
            if isHolder(holder) { holders.insert(holder) } else { evaluations[index].holder = nil }
        }
    }

    package var id: JobID { record.id }

    /// The lowest epoch with an open part; the number of epochs when all are done.
    package var epoch: UInt32 {
        firstOpenPart == parts.count
            ? record.plan.epochs : record.plan.epoch(ofPart: UInt32(firstOpenPart))
    }

    package var isFinished: Bool {
        firstOpenPart == parts.count && evaluations.allSatisfy(\.isDone)
    }

    /// The evaluation of an epoch, if it has one.
    package func evaluation(of epoch: UInt32) -> EvaluationRecord? {
        evaluations.first { $0.epoch == epoch }
    }

    // MARK: - Leasing

    /// Leases the next task to `worker`, which gives back the one it held; nil when there is none
    /// for now.
    package mutating func lease(to worker: MemberIncarnation) -> TaskLease? {
        guard record.state == .running else { return nil }
        _ = release(worker)
        if let evaluation = nextEvaluation() { return leaseEvaluation(evaluation, to: worker) }
        if record.plan.isSequential, !holders.isEmpty { return nil }
        guard let part = nextPart() else { return nil }
        parts[part].holder = worker
        holders.insert(worker)
        parts[part].attempt += 1
        let state = parts[part]
        return TaskLease(
            kind: .train, job: id, generation: record.generation, part: state.part,
            epoch: record.plan.epoch(ofPart: state.part), attempt: state.attempt,
            path: record.plan.file(ofPart: state.part).path, firstBatch: state.floor,
            partFloor: UInt32(firstOpenPart))
    }

    /// The lowest epoch that is trained but not evaluated, if nobody is at it.
    private func nextEvaluation() -> Int? {
        let epoch = self.epoch
        return evaluations.indices.first {
            evaluations[$0].epoch < epoch && !evaluations[$0].isDone
                && evaluations[$0].holder == nil
        }
    }

    /// The lowest open part that nobody holds: in this epoch or, unless the job is sequential, the
    /// next (so that the last parts of an epoch do not leave workers idle).
    ///
    /// Never so far ahead of the lowest open part that a partition could not remember all parts in
    /// between: it would have no room for the lowest one, and nothing could go on.
    private func nextPart() -> Int? {
        let epoch = self.epoch
        let ahead = record.plan.isSequential ? 0 : 1
        // In sequential mode an epoch is measured before the next one changes anything.
        if record.plan.isSequential,
            evaluations.contains(where: { $0.epoch < epoch && !$0.isDone })
        {
            return nil
        }
        let end = min(
            parts.count, (Int(epoch) + ahead + 1) * record.plan.files.count,
            firstOpenPart + AppliedSet.defaultPartLimit)
        return (firstOpenPart..<end).first { !parts[$0].isDone && parts[$0].holder == nil }
    }

    private mutating func leaseEvaluation(
        _ index: Int, to worker: MemberIncarnation
    ) -> TaskLease {
        evaluations[index].holder = worker
        holders.insert(worker)
        evaluations[index].attempt += 1
        let state = evaluations[index]
        return TaskLease(
            kind: .evaluate, job: id, generation: record.generation, part: state.epoch,
            epoch: state.epoch, attempt: state.attempt, path: record.plan.validation, firstBatch: 0,
            partFloor: UInt32(firstOpenPart))
    }

    /// Takes every task back from a worker that is gone or asks for new work: the records of what it
    /// held. (Of one that is gone they need not be kept: whoever is not alive holds nothing.)
    package mutating func release(_ worker: MemberIncarnation) -> [StateRecord] {
        guard holders.remove(worker) != nil else { return [] }
        var records: [StateRecord] = []
        for index in parts.indices where parts[index].holder == worker {
            parts[index].holder = nil
            records.append(.part(parts[index]))
        }
        for index in evaluations.indices where evaluations[index].holder == worker {
            evaluations[index].holder = nil
            records.append(.evaluation(evaluations[index]))
        }
        return records
    }

    // MARK: - Reports

    /// Notes progress. Nil: the report is of no current lease, and the worker must drop the task.
    package mutating func note(
        _ report: TaskReport, from worker: MemberIncarnation, now: Instant, guards: Guards = .all
    ) -> StateRecord? {
        guard record.state == .running, report.generation == record.generation else { return nil }
        switch report.kind {
        case .train: return notePart(report, from: worker, now: now, guards)
        case .evaluate: return noteEvaluation(report, from: worker)
        }
    }

    private mutating func notePart(
        _ report: TaskReport, from worker: MemberIncarnation, now: Instant, _ guards: Guards
    ) -> StateRecord? {
        let index = Int(report.part)
        guard parts.indices.contains(index) else { return nil }
        let isHeld = parts[index].holder == worker && parts[index].attempt == report.attempt
        guard isHeld || !guards.contains(.reportsComeFromHolders) else { return nil }
        var part = parts[index]
        meter.add(report, newSamples: report.samples &- min(part.samples, report.samples), now: now)
        part.floor = max(part.floor, report.floor)
        part.samples = max(part.samples, report.samples)
        // Before it has read its file, a worker knows neither.
        if report.batches > 0 {
            part.batches = report.batches
            part.malformedLines = report.malformedLines
        }
        if report.isDone {
            part.isDone = true
            part.holder = nil
            holders.remove(worker)
        }
        parts[index] = part
        advance()
        return .part(part)
    }

    private mutating func noteEvaluation(
        _ report: TaskReport, from worker: MemberIncarnation
    ) -> StateRecord? {
        let index = evaluations.firstIndex { $0.epoch == report.part }
        guard let index, evaluations[index].holder == worker,
            evaluations[index].attempt == report.attempt
        else { return nil }
        if report.isDone {
            evaluations[index].isDone = true
            evaluations[index].metricName = report.metricName
            evaluations[index].metric = report.metric
            evaluations[index].holder = nil
            holders.remove(worker)
        }
        return .evaluation(evaluations[index])
    }

    private mutating func advance() {
        while firstOpenPart < parts.count, parts[firstOpenPart].isDone { firstOpenPart += 1 }
    }

    // MARK: - The end

    /// Ends the job; its tasks are taken from everybody.
    package mutating func end(_ state: JobState, message: String, unixMilliseconds: UInt64) {
        record.state = state
        record.message = message
        record.endedUnixMilliseconds = unixMilliseconds
        holders = []
        keepTasks { _ in false }
    }

    /// Adds what became of an ended job's tables.
    package mutating func note(message: String) { record.message = message }
}
