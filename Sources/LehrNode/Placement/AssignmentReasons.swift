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
            for (part, (home, load)) in zip(homes, variable.loads(bits: bits)).enumerated() {
                let host = Int(home.member.value) - 1
                let here = Self.heat(audit, host, Int(home.core))
                let elsewhere = coolest.first { $0.host != host }.map {
                    Self.heat(
                        audit, $0.host, $0.core, adding: Shares(load, of: problem.hosts[$0.host]))
                }
                assignments.append(
                    PlanReport.Assignment(
                        job: input.jobNames[variable.group], table: variable.name, partition: part,
                        shard: input.shardNames[host], core: home.core,
                        from: variable.home(of: part, bits: bits).map { input.name(of: $0) },
                        share: Shares(load, of: problem.hosts[host]).most, load: here,
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
        _ audit: Audit, _ host: Int, _ core: Int, adding shares: Shares
    ) -> Double {
        let place = audit.cores[host][core]
        return max(
            place.cpu + shares.cpu, place.memory + shares.memory,
            audit.shards[host].network + shares.network)
    }

    /// A load over the capacities of a core, and of its shard for the network.
    private struct Shares {
        let cpu: Double
        let memory: Double
        let network: Double

        init(_ load: Load, of host: PlacementProblem.Host) {
            let cores = Double(host.coreCount)
            cpu = load[.cpu] * cores / host.capacity[.cpu]
            memory = load[.memory] * cores / host.capacity[.memory]
            network = load[.network] / host.capacity[.network]
        }

        var most: Double { max(cpu, memory, network) }
    }
}
