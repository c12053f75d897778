import LehrCoordinator
import LehrCore
import LehrMembership

/// Nobody's lease ends: for scenarios in which all members renew theirs.
final class MembershipChecker: Checker {
    private(set) var violations: [String] = []
    private var members: [Member] = []

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        guard case .decided(let instance, _) = sighting else { return }
        for member in members where instance.leases.member(member.incarnation) == nil {
            violations.append("the lease of \(member.name) has ended")
        }
        members = instance.leases.members
    }
}
