/// Deals partitions to shards in turn, however many cores each has, and within a shard to its cores.
package struct RoundRobinPlacer: Placer {
    package init() {}

    package func plan(_ problem: PlacementProblem) -> PlacementPlan? {
        let hosts = problem.hosts.filter { $0.coreCount > 0 }
        guard !hosts.isEmpty else { return nil }
        var turn = 0
        let homes = problem.variables.map { variable in
            variable.loads.map { _ in
                defer { turn += 1 }
                let host = hosts[turn % hosts.count]
                let core = turn / hosts.count % host.coreCount
                return Home(member: host.member, core: UInt32(core))
            }
        }
        return PlacementPlan(homes: homes)
    }
}
