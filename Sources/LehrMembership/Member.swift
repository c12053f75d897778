package import LehrCore

/// What a member of the cluster does. The coordinator itself holds no lease.
package enum Role: String, Sendable, Codable, CaseIterable {
    case shard
    case worker
    case serving
}

/// One life of one process in the cluster.
package struct Member: Hashable, Sendable, Codable {
    /// Unique among live members.
    package var name: String
    package var role: Role
    /// Names this life; it is also the id of its lease.
    package var incarnation: MemberIncarnation
    /// gRPC addresses, `HOST:PORT`, one for each core in order.
    package var coreAddresses: [String]
    package var httpAddress: String
    /// The process, if it says which.
    package var process: ProcessLife?
    /// Absent in what was stored before there was such a thing.
    private var drains: Bool?

    package init(
        name: String, role: Role, incarnation: MemberIncarnation, coreAddresses: [String],
        httpAddress: String, process: ProcessLife? = nil, isDraining: Bool = false
    ) {
        self.name = name
        self.role = role
        self.incarnation = incarnation
        self.coreAddresses = coreAddresses
        self.httpAddress = httpAddress
        self.process = process
        self.isDraining = isDraining
    }

    /// What it owns is being moved to others, and it gets nothing more.
    package var isDraining: Bool {
        get { drains ?? false }
        set { drains = newValue ? true : nil }
    }
}
