/// What a peer is for, as its certificate says.
package enum PeerRole: String, Sendable, CaseIterable {
    case coordinator, shard, worker, serving
    /// People and their programs: the command line, a notebook, a script.
    case client

    /// The roles that join a cluster.
    package static let members: Set<PeerRole> = [.shard, .worker, .serving]
}

extension PeerIdentity {
    package convenience init(cluster: String, role: PeerRole, name: String) {
        self.init(cluster: cluster, role: role.rawValue, name: name)
    }
}
