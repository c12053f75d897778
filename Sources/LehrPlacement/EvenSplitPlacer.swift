/// Deals each table's partitions evenly over all cores, every shard in turn.
///
/// A table's partitions start at a core that depends on the table's position, so that tables with
/// fewer partitions than cores do not all land on the first.
package struct EvenSplitPlacer: Placer {
    package init() {}

    package func plan(_ problem: PlacementProblem) -> PlacementPlan? {
        let homes = Self.homesInTurn(problem.hosts)
        guard !homes.isEmpty else { return nil }
        var next = 0
        let placed = problem.variables.map { variable in
            let count = 1 << variable.partitionBits
            defer { next = (next + count) % homes.count }
            return (0..<count).map { homes[(next + $0) % homes.count] }
        }
        return PlacementPlan(homes: placed)
    }

    /// All cores, ordered so that neighbours are on different shards: core 0 of each, then core 1.
    private static func homesInTurn(_ hosts: [PlacementProblem.Host]) -> [Home] {
        let depth = hosts.map(\.coreCount).max() ?? 0
        return (0..<depth).flatMap { core in
            hosts.filter { core < $0.coreCount }
                .map { Home(member: $0.member, core: UInt32(core)) }
        }
    }
}
