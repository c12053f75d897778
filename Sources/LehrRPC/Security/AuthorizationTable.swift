/// Which roles may call which method: all of it, in one place.
///
/// A method that is not here may be called by nobody; a test compares the table with the methods
/// that `Protos/` defines.
package struct AuthorizationTable: Sendable {
    package enum Rule: Equatable, Sendable {
        /// Anybody who reaches the server, known or not.
        case everybody
        /// Anybody with a certificate of the cluster, or with a token.
        case anyIdentity
        case roles(Set<PeerRole>)
    }

    private let rules: [String: Rule]

    package init(_ rules: [String: Rule]) { self.rules = rules }

    package subscript(path: String) -> Rule? { rules[path] }

    /// What the table speaks of, in no order.
    package var paths: [String] { Array(rules.keys) }

    package static let lehr = AuthorizationTable([
        // A member joins, renews and leaves for itself; the coordinator compares the names as well.
        CoordinatorMethods.join.path: .roles(PeerRole.members),
        CoordinatorMethods.keepAlive.path: .roles(PeerRole.members),
        CoordinatorMethods.leave.path: .roles(PeerRole.members),
        // Members follow the map. People may look at it in either way.
        CoordinatorMethods.watchClusterMap.path: .roles(PeerRole.members.union([.client])),
        CoordinatorMethods.getClusterMap.path: .roles([.client]),
        CoordinatorMethods.listMembers.path: .roles([.client]),
        // An operator ends what a member holds; members cannot do that to each other.
        CoordinatorMethods.revokeLease.path: .roles([.client]),
        // Operators say what moves; the shard that gets it says how that goes.
        CoordinatorMethods.movePartition.path: .roles([.client]),
        // A shard that is told to end drains itself.
        CoordinatorMethods.drainMember.path: .roles([.client, .shard]),
        CoordinatorMethods.reportMove.path: .roles([.shard]),
        // Jobs are people's; a worker reads the job file of the task that it was given.
        CoordinatorMethods.submitJob.path: .roles([.client]),
        CoordinatorMethods.stopJob.path: .roles([.client]),
        CoordinatorMethods.listJobs.path: .roles([.client]),
        CoordinatorMethods.watchJob.path: .roles([.client]),
        CoordinatorMethods.getJob.path: .roles([.client, .worker]),
        CoordinatorMethods.acquireTask.path: .roles([.worker]),
        CoordinatorMethods.reportTask.path: .roles([.worker]),

        // Only workers change rows. `lehr export` and `lehr job status` read them.
        ShardMethods.pull.path: .roles([.worker, .client]),
        ShardMethods.push.path: .roles([.worker]),
        ShardMethods.inquireStep.path: .roles([.worker]),
        ShardMethods.commitStep.path: .roles([.worker]),
        ShardMethods.abortStep.path: .roles([.worker]),
        ShardMethods.fetchPartition.path: .roles([.shard]),
        ShardMethods.scan.path: .roles([.client]),
        ShardMethods.getStatistics.path: .roles([.client]),

        // Probes and balancers have no identity, and learn nothing but "serving" or not.
        HealthService.checkPath: .everybody,
        HealthService.watchPath: .everybody,
        // What it tells is no secret, but it is work and a stream for whoever asks.
        ReflectionService.paths[0]: .anyIdentity,
        ReflectionService.paths[1]: .anyIdentity,
    ])
}

extension AuthorizationTable.Rule {
    /// Whether a peer of this role may call; nil: a role that is not known.
    func admits(_ role: PeerRole?) -> Bool {
        guard let role else { return false }
        return switch self {
        case .everybody, .anyIdentity: true
        case .roles(let roles): roles.contains(role)
        }
    }

    /// Whether the cluster's own members call, and not people only.
    var admitsMembers: Bool {
        guard case .roles(let roles) = self else { return false }
        return !roles.isDisjoint(with: PeerRole.members)
    }

    /// For a message.
    var who: String {
        switch self {
        case .everybody: "everybody"
        case .anyIdentity: "any role"
        case .roles(let roles): roles.map(\.rawValue).sorted().joined(separator: ", ")
        }
    }
}
