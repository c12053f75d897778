import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC

/// Serving answers, and answers the same, whether there is a coordinator or not, and whether it has
/// a lease or has lost it.
final class ServingChecker: Checker {
    private(set) var violations: [String] = []
    /// Answers, and those of a process that nobody held a lease for, as far as it knew or in truth.
    private(set) var answers = 0
    private(set) var answersAlone = 0

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        guard case .served(let answer) = sighting else { return }
        answers += 1
        if isAlone(answer.life, in: cluster) { answersAlone += 1 }
        guard answer.status != 200 || !answer.isExpected else { return }
        let what = answer.status == 200 ? "another answer" : "status \(answer.status)"
        violations.append(
            "\(answer.serving) gave \(what), life \(answer.life.map { "\($0.value)" } ?? "none")")
    }

    private func isAlone(_ life: MemberIncarnation?, in cluster: ClusterSandbox) -> Bool {
        guard let coordinator = cluster.coordinator, coordinator.core.isAlive,
            !coordinator.core.isPaused, let life
        else { return true }
        return coordinator.shell.instance.leases.member(life) == nil
    }
}
