import LehrCore
import LehrPlacement

/// Why each partition is where it is: the load there, and what it would be elsewhere.
struct AssignmentReasons {
    let assignments: [PlanReport.Assignment]

    init(_ input: PlanInput, _ plan: PlacementPlan, _ audit: Audit) {
        let problem = input.problem
        let coolest = Self.coolest(audit)
        var assignments: [PlanReport.Assignment] = []
        for (variable, homes) in zip(problem.variables, plan.homes) {
            let bits = homes.count.trailingZeroBitCount
            let finer = bits - variable.partitionBits
            for (part, (home, load)) in zip(homes, variable.loads(bits: bits)).enumerated() {
                let host = Int(home.member.value) - 1
                let here = Self.heat(audit, host, Int(home.core))
                let elsewhere = coolest.first { $0.host != host }.map {
                    Self.heat(audit, $0.host, $0.core, adding: load, problem.hosts[$0.host])
                }
                let from =
                    variable.current.isEmpty
                    ? nil : variable.current[finer >= 0 ? part >> finer : part << -finer]
                assignments.append(
                    PlanReport.Assignment(
                        job: input.jobNames[variable.group], table: variable.name, partition: part,
                        shard: input.shardNames[host], core: home.core,
                        from: from.map { input.name(of: $0) },
                        share: Self.share(load, problem.hosts[host]), load: here,
                        loadElsewhere: elsewhere))
            }
        }
        self.assignments = assignments
    }

    /// The least loaded core of each of the two shards that have the least loaded ones.
    private static func coolest(_ audit: Audit) -> [(host: Int, core: Int)] {
        let best = audit.cores.indices.compactMap { host -> (host: Int, core: Int, heat: Double)? in
            audit.cores[host].indices.map { (host, $0, heat(audit, host, $0)) }
                .min { $0.heat < $1.heat }
        }
        return best.sorted { $0.heat < $1.heat }.prefix(2).map { ($0.host, $0.core) }
    }

    private static func heat(_ audit: Audit, _ host: Int, _ core: Int) -> Double {
        max(audit.cores[host][core].worst, audit.shards[host].network)
    }

    private static func heat(
        _ audit: Audit, _ host: Int, _ core: Int, adding load: Load,
        _ description: PlacementProblem.Host
    ) -> Double {
        let place = audit.cores[host][core]
        let cores = Double(description.coreCount)
        let capacity = description.capacity
        return max(
            place.cpu + load[.cpu] * cores / capacity[.cpu],
            place.memory + load[.memory] * cores / capacity[.memory],
            audit.shards[host].network + load[.network] / capacity[.network])
    }

    private static func share(_ load: Load, _ host: PlacementProblem.Host) -> Double {
        let cores = Double(host.coreCount)
        return max(
            load[.cpu] * cores / host.capacity[.cpu],
            load[.memory] * cores / host.capacity[.memory],
            load[.network] / host.capacity[.network])
    }
}
