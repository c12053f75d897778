import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership

/// When a job is complete, every batch was applied once to each partition that its keys are in: the
/// sums are those of an undisturbed run, and in sequential mode the bits as well.
final class EveryBatchChecker: Checker {
    private(set) var violations: [String] = []
    private let workload: Workload
    private var judged: Set<JobID> = []
    /// Jobs whose sums were compared.
    private(set) var compared = 0

    /// Whether no job may lose rows.
    private let keepsRows: Bool

    init(_ workload: Workload, keepsRows: Bool) {
        self.workload = workload
        self.keepsRows = keepsRows
    }

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        guard case .decided(let instance, isHeard: true) = sighting else { return }
        for job in instance.jobs where job.record.state.hasEnded && !judged.contains(job.id) {
            judged.insert(job.id)
            judge(job, instance, cluster)
        }
    }

    private func judge(
        _ job: JobLedger, _ instance: CoordinatorInstance, _ cluster: ClusterSandbox
    ) {
        let what = "job \(job.id.value) (\(job.record.plan.name))"
        guard job.record.state == .completed else {
            // The rows of a lost shard are gone, and the job says so. Nothing else is a reason.
            if keepsRows || !job.record.message.contains(" was lost: ") {
                violations.append("\(what) is \(job.record.state): \(job.record.message)")
            }
            return
        }
        for part in job.parts where part.floor != part.batches || !part.isDone {
            violations.append("\(what): part \(part.part) ends at \(part.floor) of \(part.batches)")
        }
        guard let mode = Workload.Mode(rawValue: job.record.plan.name) else { return }
        let (sums, expected) = (cluster.sums(of: job.id), workload.expected(mode))
        // A shard that has just died took its rows with it, and nobody knows yet.
        guard sums.partitionCount == expected.partitionCount else { return }
        compared += 1
        violations += sums.differences(from: expected, isExact: mode == .sequential).map {
            "\(what): \($0)"
        }
    }
}
