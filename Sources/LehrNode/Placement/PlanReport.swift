import LehrCore
import LehrPlacement

/// What a plan says, in numbers that the audit has added up.
struct PlanReport: Encodable {
    /// A way of placing, and what comes of it.
    struct Candidate: Encodable {
        let name: String
        /// The highest load of a core or shard over its capacity.
        let worstLoad: Double
        /// Over the bound: 1 cannot be beaten.
        let overBound: Double
        /// Cores that a batch visits, a mean over jobs.
        let fanOut: Double
        let movedBytes: Double
        let partitions: Int
        /// Whether every core has the memory for what is on it.
        let fits: Bool
    }

    /// A core, or a shard with all its cores, before and after.
    struct Place: Encodable {
        let shard: String
        let core: Int?
        let partitions: Int
        let cpu: Double
        let cpuBefore: Double
        let memory: Double
        let memoryBefore: Double
        /// Nil for a core: the network is its shard's.
        let network: Double?
        let networkBefore: Double?
    }

    /// Where a partition goes, and why there.
    struct Assignment: Encodable {
        let job: String
        let table: String
        let partition: Int
        let shard: String
        let core: UInt32
        /// Where it is now; nil where it is nowhere.
        let from: String?
        /// What it adds to the most loaded resource of its core or shard.
        let share: Double
        /// The load of its core or shard, with it.
        let load: Double
        /// The load that the least loaded core of another shard would have with it.
        let loadElsewhere: Double?
    }

    let lowerBound: Double
    let before: Candidate
    let plan: Candidate
    let alternatives: [Candidate]
    let leastMovedBytes: Double
    let lostOwners: [String]
    let steps: Int
    let isCutShort: Bool
    let shards: [Place]
    let cores: [Place]
    let assignments: [Assignment]

    /// What keeps the plan from being carried out.
    var obstacle: String? {
        plan.fits ? nil : "the tables do not fit into the memory of the shards"
    }

    init(_ input: PlanInput, _ outcome: Annealer.Outcome, bound: Double) {
        let problem = input.problem
        lowerBound = bound
        func candidate(_ name: String, _ audit: Audit) -> Candidate {
            Candidate(
                name: name, worstLoad: audit.worst, overBound: audit.worst / bound,
                fanOut: audit.fanOut, movedBytes: audit.movedBytes, partitions: audit.partitions,
                fits: audit.problems.isEmpty)
        }
        let plain: [(String, any Placer)] = [
            ("round robin", RoundRobinPlacer()), ("even split", EvenSplitPlacer()),
            ("greedy (largest first)", GreedyPlacer()),
        ]
        alternatives = plain.compactMap { name, placer in
            placer.plan(problem).map { candidate(name, Audit($0, of: problem)) }
        }
        let after = Audit(outcome.plan, of: problem)
        plan = candidate("annealing", after)
        let (beforeName, audit) = Self.before(input)
        before = candidate(beforeName, audit)
        leastMovedBytes = problem.leastMovedBytes
        lostOwners = input.lostOwners
        steps = outcome.steps
        isCutShort = outcome.isCutShort
        shards = input.shardNames.indices.map { shard in
            Self.place(
                input.shardNames[shard], nil, after.shards[shard], audit.shards[shard])
        }
        cores = input.shardNames.indices.flatMap { shard in
            after.cores[shard].indices.map { core in
                Self.place(
                    input.shardNames[shard], core, after.cores[shard][core],
                    audit.cores[shard][core])
            }
        }
        assignments = AssignmentReasons(input, outcome.plan, after).assignments
    }

    /// The placement that there is, without what has lost its home; else what a new job would get.
    private static func before(_ input: PlanInput) -> (name: String, Audit) {
        var placed = input.problem
        placed.variables = placed.variables.filter { !$0.current.isEmpty }
        guard !placed.variables.isEmpty else {
            let plan = EvenSplitPlacer().plan(input.problem) ?? PlacementPlan(homes: [])
            return ("before (even split)", Audit(plan, of: input.problem))
        }
        for index in placed.variables.indices {
            let variable = placed.variables[index]
            // Nothing is left of what has no home: it weighs nothing wherever it is put.
            placed.variables[index].loads = zip(variable.loads, variable.current).map {
                $1 == nil ? .zero : $0
            }
        }
        let somewhere = Home(member: placed.hosts[0].member, core: 0)
        let homes = placed.variables.map { $0.current.map { $0 ?? somewhere } }
        return ("before", Audit(PlacementPlan(homes: homes), of: placed))
    }

    private static func place(
        _ shard: String, _ core: Int?, _ after: Audit.Place, _ before: Audit.Place
    ) -> Place {
        Place(
            shard: shard, core: core, partitions: after.partitions, cpu: after.cpu,
            cpuBefore: before.cpu, memory: after.memory, memoryBefore: before.memory,
            network: core == nil ? after.network : nil,
            networkBefore: core == nil ? before.network : nil)
    }
}
