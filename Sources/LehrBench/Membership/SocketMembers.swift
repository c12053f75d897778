import LehrReactor

/// A cluster of members with a connection each, on loopback, at the default heartbeat.
enum SocketMembers {
    static func measure(_ stage: MembershipStage) throws -> [Figure] {
        try DescriptorLimit.check(connections: stage.members)
        var outcomes: [MembersLoad.Outcome] = []
        for _ in 0..<stage.rounds {
            let (process, address) = try stage.startCoordinator()
            let load = MembersLoad(members: stage.members, seconds: stage.isQuick ? 3.5 : 15)
            outcomes.append(try load.run(on: process, at: address))
        }
        return figures(stage.members, outcomes)
    }

    static func figures(_ members: Int, _ outcomes: [MembersLoad.Outcome]) -> [Figure] {
        let mebibyte = Double(1 << 20)
        return [
            Figure(
                "members-cpu", "CPU of the coordinator, share of a core", unit: "%",
                lehr: outcomes.map { 100 * $0.cpuShare }, target: .atMost(10),
                note: "\(members) members that renew their leases, "
                    + "\(Int(outcomes[0].renewalsPerSecond.rounded())) times a second"),
            Figure(
                "members-renewal", "CPU of the coordinator a renewal", unit: "us",
                lehr: outcomes.map { 1e6 * $0.cpuShare / max($0.renewalsPerSecond, 1) }),
            Figure(
                "members-renewal-user", "outside of the kernel a renewal", unit: "us",
                lehr: outcomes.map { 1e6 * $0.userShare / max($0.renewalsPerSecond, 1) }),
            Figure(
                "members-renewal-worst", "the slowest renewal, as its holder sees it", unit: "ms",
                lehr: outcomes.map(\.worstRenewalMilliseconds)),
            Figure(
                "members-memory", "memory of the coordinator", unit: "MB",
                lehr: outcomes.map { Double($0.residentBytes) / 1e6 }, target: .atMost(200)),
            Figure(
                "members-memory-peak", "memory of the coordinator at its most", unit: "MB",
                lehr: outcomes.map { Double($0.peakBytes) / 1e6 }, target: .atMost(200)),
            Figure(
                "members-join", "until all have joined", unit: "s",
                lehr: outcomes.map(\.joinSeconds)),
            Figure(
                "members-join-cpu", "CPU of the coordinator until all know of all", unit: "s",
                lehr: outcomes.map(\.joinCPUSeconds)),
            Figure(
                "members-map", "sent of the map until all know of all", unit: "MiB",
                lehr: outcomes.map { Double($0.mapBytes) / mebibyte },
                note: "each member once to each member would be "
                    + "\(Int(Double(members) * Double(members) * memberBytes / mebibyte)) MiB"),
        ]
    }

    /// Of one member in a message of the map: its name, role, incarnation and address.
    private static let memberBytes = 35.0
}
