import LehrCluster
import LehrCoordinator
import LehrCore

/// Watches that leases and tasks keep their promises, from what the coordinator grants.
final class LeaseChecker {
    private struct Task: Hashable {
        let kind: TaskLease.Kind
        let part: UInt32
    }

    private var incarnations: Set<MemberIncarnation> = []
    private var lastAttempt: [Task: UInt32] = [:]
    private(set) var violations: [String] = []

    func joined(_ incarnation: MemberIncarnation) {
        if !incarnations.insert(incarnation).inserted {
            violations.append("incarnation \(incarnation.value) was given twice")
        }
    }

    func leased(_ task: TaskLease) {
        let key = Task(kind: task.kind, part: task.part)
        if let last = lastAttempt[key], task.attempt <= last {
            violations.append("part \(task.part): attempt \(task.attempt) was leased twice")
        }
        lastAttempt[key] = task.attempt
    }

    /// At the end: the job is complete, and every batch of every part is settled once.
    func ended(_ job: JobLedger?) {
        guard let job, job.record.state == .completed else {
            let state = job.map { "\($0.record.state) (\($0.record.message))" } ?? "missing"
            violations.append("the job is \(state), not completed")
            return
        }
        for part in job.parts where part.floor != part.batches || !part.isDone {
            violations.append("part \(part.part) ended at \(part.floor) of \(part.batches)")
        }
    }
}
