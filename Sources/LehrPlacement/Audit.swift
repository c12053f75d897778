import LehrCore

/// What a plan comes to, added up from the problem and the plan alone: by none of the code that
/// searches, so that a mistake there shows here.
package struct Audit: Sendable {
    /// What one core, or one shard, has to bear, over its capacity: 1 is full.
    package struct Place: Sendable {
        package var partitions = 0
        package var cpu = 0.0
        package var memory = 0.0
        /// 0 for a core: the network is its shard's.
        package var network = 0.0

        package var worst: Double { max(cpu, memory, network) }
    }

    /// By host and core.
    package private(set) var cores: [[Place]]
    /// By host.
    package private(set) var shards: [Place]
    /// Cores that a batch of each group visits, by group.
    package private(set) var visits: [Int: Int] = [:]
    /// Bytes that are now on another shard, or were on one that has left.
    package private(set) var movedBytes = 0.0
    package private(set) var bytes = 0.0
    package private(set) var partitions = 0
    /// What is wrong with the plan, for people: a home that does not exist, a cut that is not allowed, a
    /// core with more than its memory.
    package private(set) var problems: [String] = []
    private let hosts: [MemberIncarnation: Int]

    package init(_ plan: PlacementPlan, of problem: PlacementProblem) {
        self.init(plan.homes, of: problem)
    }

    /// Of what is placed now, without the partitions that have no home.
    package init(current problem: PlacementProblem) {
        var placed = problem
        placed.variables.removeAll { $0.current.isEmpty }
        self.init(placed.variables.map(\.current), of: placed)
    }

    private init(_ plan: [[Home?]], of problem: PlacementProblem) {
        cores = problem.hosts.map { [Place](repeating: Place(), count: $0.coreCount) }
        shards = problem.hosts.map { _ in Place() }
        hosts = Dictionary(
            uniqueKeysWithValues: problem.hosts.enumerated().map { ($1.member, $0) })
        var visited: [Int: Set<Home>] = [:]
        if plan.count != problem.variables.count {
            problems.append("\(plan.count) tables of \(problem.variables.count) are placed")
        }
        for (variable, homes) in zip(problem.variables, plan) {
            guard let bits = variable.cuts.first(where: { 1 << $0 == homes.count }) else {
                problems.append("table \(variable.name) is cut into \(homes.count)")
                continue
            }
            visited[variable.group, default: []].formUnion(homes.compactMap { $0 })
            for case (let part, let home?) in homes.enumerated() {
                partitions += 1
                let load = Self.load(part, bits, variable)
                bytes += load.memory
                place(load, home, problem, "partition \(part) of table \(variable.name)")
                movedBytes += Self.moved(part, bits, variable, to: home)
            }
        }
        visits = visited.mapValues(\.count)
        checkMemory(problem)
    }

    /// The highest load of any core or shard.
    package var worst: Double {
        max(cores.joined().map(\.worst).max() ?? 0, shards.map(\.worst).max() ?? 0)
    }

    /// Cores that a batch visits, as a mean over groups.
    package var fanOut: Double {
        visits.isEmpty ? 0 : Double(visits.values.reduce(0, +)) / Double(visits.count)
    }

    private typealias Amounts = (cpu: Double, memory: Double, network: Double)

    private mutating func place(
        _ load: Amounts, _ home: Home, _ problem: PlacementProblem, _ what: String
    ) {
        guard let host = hosts[home.member],
            Int(home.core) < problem.hosts[host].coreCount
        else { return problems.append("\(what) is on a core that does not exist") }
        let capacity = problem.hosts[host].capacity
        let count = Double(problem.hosts[host].coreCount)
        let core = Int(home.core)
        cores[host][core].partitions += 1
        cores[host][core].cpu += load.cpu / (capacity[.cpu] / count)
        cores[host][core].memory += load.memory / (capacity[.memory] / count)
        shards[host].partitions += 1
        shards[host].cpu += load.cpu / capacity[.cpu]
        shards[host].memory += load.memory / capacity[.memory]
        shards[host].network += load.network / capacity[.network]
    }

    private mutating func checkMemory(_ problem: PlacementProblem) {
        for (host, places) in zip(problem.hosts, cores) {
            for (core, place) in places.enumerated() where place.memory > 1 + 1e-9 {
                problems.append(
                    "core \(core) of member \(host.member.value) is to hold "
                        + "\(Int(min(100 * place.memory, 1e18).rounded(.up))) % of its memory")
            }
        }
    }

    private static func load(
        _ part: Int, _ bits: Int, _ variable: PlacementProblem.Variable
    ) -> Amounts {
        var sum: Amounts = (0, 0, 0)
        for (source, share) in sources(part, bits, variable) {
            sum.cpu += share * variable.loads[source][.cpu]
            sum.memory += share * variable.loads[source][.memory]
            sum.network += share * variable.loads[source][.network]
        }
        return sum
    }

    private static func moved(
        _ part: Int, _ bits: Int, _ variable: PlacementProblem.Variable, to home: Home
    ) -> Double {
        guard !variable.current.isEmpty else { return 0 }
        return sources(part, bits, variable).reduce(0) { sum, source in
            let before = variable.current[source.part]?.member
            return sum
                + (before == home.member ? 0 : source.share * variable.loads[source.part][.memory])
        }
    }

    /// The partitions, as the problem cuts them, that a part consists of, and what share of each.
    private static func sources(
        _ part: Int, _ bits: Int, _ variable: PlacementProblem.Variable
    ) -> [(part: Int, share: Double)] {
        let (count, parts) = (variable.loads.count, 1 << bits)
        if parts >= count { return [(part * count / parts, Double(count) / Double(parts))] }
        return (part * count / parts..<(part + 1) * count / parts).map { ($0, 1) }
    }
}
