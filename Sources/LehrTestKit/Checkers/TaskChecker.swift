import LehrCluster
import LehrCoordinator
import LehrCore

/// Whoever was given a task last, and has its lease, is told to go on with it: for scenarios in which
/// nothing comes late or twice.
final class TaskChecker: Checker {
    private(set) var violations: [String] = []
    /// What each worker was given last.
    private var tasks: [MemberIncarnation: TaskLease] = [:]

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .leased(let task, let worker): tasks[worker] = task
        case .reported(let report): judge(report)
        default: break
        }
    }

    private func judge(_ sighting: Sighting.Report) {
        let report = sighting.report
        guard let task = tasks[sighting.worker], task.kind == report.kind, task.job == report.job,
            task.part == report.part, task.attempt == report.attempt,
            // One that says that it is done may come again, after its answer was lost.
            !report.isDone, sighting.hasLease, sighting.isRunning, !sighting.proceeds
        else { return }
        violations.append(
            "worker \(sighting.worker.value) was told to drop job \(report.job.value) part "
                + "\(report.part), which it holds")
    }
}
