import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership

/// A ledger behind a reference, so that expectations may call what changes it.
@dynamicMemberLookup
final class LedgerBox {
    private var ledger: JobLedger

    init(_ ledger: JobLedger) { self.ledger = ledger }

    subscript<Member>(dynamicMember path: KeyPath<JobLedger, Member>) -> Member {
        ledger[keyPath: path]
    }

    func lease(to worker: MemberIncarnation) -> TaskLease? { ledger.lease(to: worker) }

    func release(_ worker: MemberIncarnation) -> Bool { !ledger.release(worker).isEmpty }

    func note(_ report: TaskReport, from worker: MemberIncarnation) -> StateRecord? {
        ledger.note(report, from: worker, now: PlanFixture.start)
    }

    func end(_ state: JobState) { ledger.end(state, message: "", unixMilliseconds: 5) }

    var status: JobStatus { ledger.status(nowUnixMilliseconds: 0) }
}

/// A coordinator behind a reference, for the same reason.
@dynamicMemberLookup
final class CoordinatorBox {
    private(set) var instance = PlanFixture.instance()

    subscript<Member>(dynamicMember path: KeyPath<CoordinatorInstance, Member>) -> Member {
        instance[keyPath: path]
    }

    func join(
        _ request: CoordinatorInstance.JoinRequest, after time: Duration = .zero
    ) throws(CoordinatorRefusal) -> (member: Member, directives: [Directive]) {
        try instance.join(request, now: PlanFixture.start + time, unixMilliseconds: 0)
    }

    func join(_ name: String, _ role: Role) throws(CoordinatorRefusal) -> MemberIncarnation {
        try join(PlanFixture.join(name, role)).member.incarnation
    }

    func leave(_ member: MemberIncarnation) -> [Directive] {
        instance.leave(member, unixMilliseconds: 99)
    }

    func revoke(
        _ name: String, _ incarnation: MemberIncarnation? = nil, after time: Duration = .zero
    ) throws(CoordinatorRefusal) -> (
        outcome: (member: Member, silentIn: Duration), directives: [Directive]
    ) {
        try instance.revoke(
            name, incarnation, now: PlanFixture.start + time, unixMilliseconds: 99)
    }

    func keepAlive(
        _ member: MemberIncarnation, after time: Duration = .zero
    ) throws(CoordinatorRefusal) {
        try instance.keepAlive(member, now: PlanFixture.start + time)
    }

    func expire(after time: Duration) -> [Directive] {
        instance.expire(now: PlanFixture.start + time, unixMilliseconds: 99)
    }

    func submit(
        _ plan: JobPlan
    ) throws(CoordinatorRefusal) -> (job: JobID, directives: [Directive]) {
        try instance.submit(plan, unixMilliseconds: 10)
    }

    func stop(_ job: JobID) -> [Directive] { instance.stop(job, unixMilliseconds: 99) }

    func find(_ job: String) throws(CoordinatorRefusal) -> JobLedger { try instance.find(job) }

    func acquireTask(
        _ worker: MemberIncarnation
    ) throws(CoordinatorRefusal) -> (task: TaskLease?, directives: [Directive]) {
        try instance.acquireTask(worker)
    }

    /// A report under the current placement, or another.
    func report(
        _ report: TaskReport, from worker: MemberIncarnation,
        placement: PartitionIncarnation? = nil
    ) throws(CoordinatorRefusal) -> (proceed: Bool, directives: [Directive]) {
        var report = report.under(instance)
        if let placement { report.placement = placement }
        return try instance.report(
            report, from: worker, now: PlanFixture.start, unixMilliseconds: 77)
    }
}

extension CoordinatorInstance {
    func placement(of job: JobID) -> PartitionIncarnation {
        tables.filter { $0.job == job }.placement
    }
}

extension TaskReport {
    /// Under the placement that the job's tables have.
    func under(_ instance: CoordinatorInstance) -> TaskReport {
        var report = self
        report.placement = instance.placement(of: job)
        return report
    }
}
