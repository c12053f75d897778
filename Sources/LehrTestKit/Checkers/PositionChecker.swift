import LehrCluster
import LehrCoordinator
import LehrCore

/// A position is accepted only from whoever holds the part: the attempt leased last, in a life that
/// has its lease. No attempt is leased twice.
final class PositionChecker: Checker {
    private struct Task: Hashable {
        let kind: TaskLease.Kind
        let job: JobID
        let part: UInt32
    }

    private struct Holder: Equatable {
        let worker: MemberIncarnation
        let attempt: UInt32
    }

    private(set) var violations: [String] = []
    private var holders: [Task: Holder] = [:]

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .leased(let lease, let worker): leased(lease, to: worker)
        case .reported(let report): judge(report)
        default: break
        }
    }

    private func leased(_ lease: TaskLease, to worker: MemberIncarnation) {
        let task = Task(kind: lease.kind, job: lease.job, part: lease.part)
        if let last = holders[task], lease.attempt <= last.attempt {
            violations.append(
                "job \(lease.job.value) part \(lease.part): attempt \(lease.attempt) was leased "
                    + "after \(last.attempt)")
        }
        holders[task] = Holder(worker: worker, attempt: lease.attempt)
    }

    private func judge(_ sighting: Sighting.Report) {
        guard let before = sighting.before, let after = sighting.after,
            before.floor != after.floor || before.isDone != after.isDone
        else { return }
        let report = sighting.report
        let what = "job \(report.job.value) part \(report.part): position \(after.floor)"
        let holder = holders[Task(kind: report.kind, job: report.job, part: report.part)]
        let reporter = Holder(worker: sighting.worker, attempt: report.attempt)
        if holder != reporter {
            violations.append(
                "\(what) was accepted from \(reporter.worker.value), attempt \(reporter.attempt)")
        }
        if !sighting.hasLease {
            violations.append("\(what) was accepted from \(reporter.worker.value), which has gone")
        }
        if after.floor < before.floor || before.isDone && !after.isDone {
            violations.append("\(what) went back from \(before.floor)")
        }
    }
}
