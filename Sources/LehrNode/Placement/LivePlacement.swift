import LehrCore
import LehrMembership
import LehrPlacement
import LehrTable

/// A cluster as it was measured: who owns what, how much memory it takes, and how often it is asked.
struct LivePlacement {
    let map: ClusterMap
    let input: PlanInput

    /// A partition that is to have another owner.
    struct Move {
        let id: PartitionID
        let table: String
        let from: String
        let shard: String
        let core: UInt32
    }

    /// Asks all cores twice, `window` apart: keys pushed between count, and as many are taken to be
    /// pulled. Partitions of ended jobs take memory only. Shards that are being drained are no part of it.
    static func measure(
        _ client: ControlClient, over window: Duration
    ) async throws -> LivePlacement {
        let first = try await counts(client, on: client.map())
        let start = ContinuousClock.now
        try await Task.sleep(for: window)
        let map = try await client.map()
        let second = try await counts(client, on: map)
        let seconds = (ContinuousClock.now - start).inSeconds
        return try LivePlacement(map, first, second, seconds: seconds)
    }

    private static func counts(
        _ client: ControlClient, on map: ClusterMap
    ) async throws -> [CoreCount] {
        let addresses = shards(of: map).flatMap(\.coreAddresses)
        return try await client.statistics(of: JobID(0), at: addresses).map { try $0.get() }
    }

    private static func shards(of map: ClusterMap) -> [Member] {
        map.members.filter { $0.role == .shard && !$0.isDraining }.sorted { $0.name < $1.name }
    }

    init(
        _ map: ClusterMap, _ first: [CoreCount], _ second: [CoreCount], seconds: Double
    ) throws(ClientError) {
        let shards = Self.shards(of: map)
        guard !shards.isEmpty else { throw ClientError("no shard is in the cluster") }
        let limits = Dictionary(
            second.map { ($0.memory.address, Double($0.memory.bytesLimit)) },
            uniquingKeysWith: { first, _ in first })
        let hosts = shards.enumerated().map { index, shard in
            let limits = shard.coreAddresses.map { limits[$0] ?? 0 }
            let cores = shard.coreAddresses.count
            return PlacementProblem.Host(
                member: PlanInput.member(index), coreCount: cores,
                capacity: Load(
                    cpu: Double(cores),
                    memory: limits.contains(0) ? .infinity : limits.reduce(0, +),
                    // Nobody says what the network can do.
                    network: .infinity))
        }
        let homes = Dictionary(
            uniqueKeysWithValues: shards.enumerated().map { ($1.incarnation, $0) })
        let (before, after) = (Self.byPartition(first), Self.byPartition(second))
        let jobs = Array(Set(map.tables.map(\.job.value))).sorted()
        var variables: [PlacementProblem.Variable] = []
        for table in map.tables {
            let ids = table.partitions.indices.map {
                PartitionID(table: table.id, index: UInt32($0))
            }
            let loads = ids.map { id in
                let (old, new) = (before[id]?.rowsPushed, after[id]?.rowsPushed)
                // A partition that has moved meanwhile, or is on its way, is asked as if by nobody.
                let pushes =
                    if let old, let new, new > old { Double(new - old) / seconds } else { 0.0 }
                return PlanInput.load(
                    of: table.spec, bytes: Double(after[id]?.bytesUsed ?? 0), pulls: pushes,
                    pushes: pushes, .usual)
            }
            variables.append(
                PlacementProblem.Variable(
                    name: table.spec.name, group: jobs.firstIndex(of: table.job.value) ?? 0,
                    partitionBits: ids.count.trailingZeroBitCount, loads: loads,
                    current: table.partitions.map { placed in
                        homes[placed.owner].map {
                            Home(member: PlanInput.member($0), core: placed.core)
                        }
                    }))
        }
        self.map = map
        input = PlanInput(
            PlacementProblem(variables: variables, hosts: hosts),
            shardNames: shards.map(\.name), jobNames: jobs.map { "\($0)" })
    }

    private static func byPartition(_ counts: [CoreCount]) -> [PartitionID: PartitionCount] {
        Dictionary(
            counts.flatMap(\.partitions).map {
                (PartitionID(table: TableID($0.table), index: $0.partition), $0)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// A plan for it: at most `seconds` are spent on the search.
    func plan(seed: UInt64, seconds: Double) throws(ClientError) -> (
        report: PlanReport, moves: [Move]
    ) {
        var random = RandomSource(seed: seed)
        let budget = Annealer.Budget(
            steps: Annealer.Budget.steps(for: input.problem), time: .seconds(seconds))
        let annealer = Annealer(clock: SystemClock())
        guard let outcome = annealer.search(input.problem, budget: budget, random: &random) else {
            throw ClientError("there is no core to place anything on")
        }
        return (PlanReport(input, outcome), moves(to: outcome.plan))
    }

    /// Those that are on their way already, or whose owner has gone or is being drained, are left alone.
    private func moves(to plan: PlacementPlan) -> [Move] {
        var moves: [Move] = []
        for (index, table) in map.tables.enumerated() {
            let current = input.problem.variables[index].current
            for (part, home) in plan.homes[index].enumerated() {
                guard let from = current[part], from != home, table.partitions[part].move == nil
                else { continue }
                moves.append(
                    Move(
                        id: PartitionID(table: table.id, index: UInt32(part)),
                        table: table.spec.name, from: input.name(of: from),
                        shard: input.shardNames[Int(home.member.value) - 1], core: home.core))
            }
        }
        return moves
    }
}
