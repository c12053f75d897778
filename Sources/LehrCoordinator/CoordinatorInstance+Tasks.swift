package import LehrCluster
package import LehrCore
import LehrMembership

extension CoordinatorInstance {
    /// The next task for a worker that has none; nil when there is none for now.
    ///
    /// A worker does one task at a time: whatever it was thought to hold is free again, so that an
    /// answer that was lost on its way costs nothing. Among running jobs, the one with the fewest
    /// workers comes first.
    package mutating func acquireTask(
        _ worker: MemberIncarnation
    ) throws(CoordinatorRefusal) -> (task: TaskLease?, directives: [Directive]) {
        guard leases.member(worker)?.role == .worker else { throw .unknownLease(worker) }
        var directives: [Directive] = []
        for index in jobs.indices {
            let released = jobs[index].release(worker)
            guard !released.isEmpty else { continue }
            directives += released.map { .save($0) } + [.publishJob(jobs[index].id), .offerTasks]
        }
        let order = jobs.indices.filter { jobs[$0].record.state == .running }.sorted {
            (jobs[$0].holders.count, $0) < (jobs[$1].holders.count, $1)
        }
        for index in order {
            guard let task = jobs[index].lease(to: worker) else { continue }
            directives += attemptRecord(of: task, in: index) + [.publishJob(task.job)]
            return (task, directives)
        }
        return (nil, directives)
    }

    /// The attempt is durable before the worker hears of it: no two workers ever share one.
    private func attemptRecord(of task: TaskLease, in job: Int) -> [Directive] {
        switch task.kind {
        case .train: [.save(.part(jobs[job].parts[Int(task.part)]))]
        case .evaluate: jobs[job].evaluation(of: task.part).map { [.save(.evaluation($0))] } ?? []
        }
    }

    /// Notes a worker's progress; `proceed` tells it whether to go on.
    package mutating func report(
        _ report: TaskReport, from worker: MemberIncarnation, now: Instant, unixMilliseconds: UInt64
    ) throws(CoordinatorRefusal) -> (proceed: Bool, directives: [Directive]) {
        guard leases.member(worker) != nil || !guards.contains(.reportsComeFromHolders) else {
            throw .unknownLease(worker)
        }
        guard let index = jobs.firstIndex(where: { $0.id == report.job }) else {
            return (false, [])
        }
        // What an owner has acknowledged those in its line have; of no others does it prove anything. A
        // failure needs no owner: it may come before the worker has seen the tables at all.
        if report.kind == .train, report.failure.isEmpty {
            let tables = tables.lazy.filter { $0.job == report.job }
            guard (tables.line...tables.placement).contains(report.placement) else {
                return (true, [])
            }
        }
        guard let record = jobs[index].note(report, from: worker, now: now, guards: guards)
        else {
            return (false, [])
        }
        var directives: [Directive] = [.save(record)]
        if !report.failure.isEmpty {
            directives += fail(index, report, unixMilliseconds: unixMilliseconds)
        } else if jobs[index].isFinished {
            jobs[index].end(.completed, message: "", unixMilliseconds: unixMilliseconds)
            directives.append(.save(.job(jobs[index].record)))
        }
        directives.append(.publishJob(report.job))
        if report.isDone { directives.append(.offerTasks) }
        return (jobs[index].record.state == .running, directives)
    }

    private mutating func fail(
        _ index: Int, _ report: TaskReport, unixMilliseconds: UInt64
    ) -> [Directive] {
        let plan = jobs[index].record.plan
        let what =
            report.kind == .train
            ? "part \(report.part) (\(plan.file(ofPart: report.part).path))"
            : "the evaluation after epoch \(report.part + 1)"
        jobs[index].end(
            .failed, message: "\(what): \(report.failure)", unixMilliseconds: unixMilliseconds)
        return [.save(.job(jobs[index].record))] + dropTables(of: report.job) + mapChanged()
    }
}
