import LehrCore
import LehrPlacement

/// What a plan says, in numbers that the audit has added up.
struct PlanReport: Encodable {
    /// A way of placing, and what comes of it.
    struct Candidate: Encodable {
        let name: String
        /// The highest load of a core or shard over its capacity.
        let worstLoad: Double
        /// Over the bound: 1 cannot be beaten; where there is no load at all, too.
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
        /// The most that it adds to any resource of its core or shard, over the capacity.
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

    init(_ input: PlanInput, _ outcome: Annealer.Outcome) {
        let problem = input.problem
        let bound = outcome.bound
        lowerBound = bound
        func candidate(_ name: String, _ audit: Audit) -> Candidate {
            Candidate(
                name: name, worstLoad: audit.worst, overBound: bound > 0 ? audit.worst / bound : 1,
                fanOut: audit.fanOut, movedBytes: audit.movedBytes, partitions: audit.partitions,
                fits: audit.problems.isEmpty)
        }
        let plain = outcome.plain.mapValues { Audit($0, of: problem) }
        alternatives = PlainPlacer.allCases.compactMap { placer in
            plain[placer].map { candidate(placer.title, $0) }
        }
        let after = Audit(outcome.plan, of: problem)
        plan = candidate("annealing", after)
        // Where nothing is placed yet, what a new job would get.
        let isPlaced = problem.variables.contains { !$0.current.isEmpty }
        let present = (isPlaced ? nil : plain[.evenSplit]) ?? Audit(current: problem)
        before = candidate(isPlaced ? "before" : "before (even split)", present)
        leastMovedBytes = problem.leastMovedBytes
        lostOwners = input.lostOwners
        steps = outcome.steps
        isCutShort = outcome.isCutShort
        shards = input.shardNames.indices.map { shard in
            Self.place(
                input.shardNames[shard], nil, after.shards[shard], present.shards[shard])
        }
        cores = input.shardNames.indices.flatMap { shard in
            after.cores[shard].indices.map { core in
                Self.place(
                    input.shardNames[shard], core, after.cores[shard][core],
                    present.cores[shard][core])
            }
        }
        assignments = AssignmentReasons(input, outcome.plan, after).assignments
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

extension PlainPlacer {
    fileprivate var title: String {
        switch self {
        case .roundRobin: "round robin"
        case .evenSplit: "even split"
        case .greedy: "greedy (largest first)"
        }
    }
}
