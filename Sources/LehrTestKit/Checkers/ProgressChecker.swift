import LehrCluster
import LehrCoordinator
import LehrCore

/// A healed cluster makes progress: within a bound of the end of the last fault, a job that was
/// submitted after it is complete, and no older one is left unfinished.
final class ProgressChecker: Checker {
    private(set) var violations: [String] = []
    private let healed: Instant

    /// Leases that have to end first, jobs that were under way, and one more.
    static let bound = Duration.seconds(60)

    init(healed: Instant) { self.healed = healed }

    func judge(_ stream: JobStream, _ traffic: ServingTraffic, in cluster: ClusterSandbox) {
        let bound = "within \(Self.bound.milliseconds / 1000) seconds of the last fault"
        if !stream.hasCompleted(since: healed) {
            violations.append("no job that was submitted afterwards is complete \(bound)")
        }
        if !traffic.isWell(since: healed) {
            violations.append("serving has not answered, or has no lease, \(bound)")
        }
        for job in cluster.coordinator?.shell.instance.jobs ?? []
        where !job.record.state.hasEnded {
            let done = job.parts.count(where: \.isDone)
            violations.append(
                "job \(job.id.value) has done \(done) of \(job.parts.count) parts \(bound)")
        }
    }
}
