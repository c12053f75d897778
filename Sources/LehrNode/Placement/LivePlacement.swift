import LehrCore
import LehrMembership
import LehrModel
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

    /// Asks all cores twice, `window` apart, for what was pulled and pushed between. Shards that are being
    /// drained are no part of it, nor is what they have.
    ///
    /// - Parameter network: bytes a second that each shard's carries, which nobody else says.
    static func measure(
        _ client: ControlClient, over window: Duration, network: Double
    ) async throws -> LivePlacement {
        let first = try await counts(client, on: client.map())
        let start = ContinuousClock.now
        try await Task.sleep(for: window)
        let map = try await client.map()
        let second = try await counts(client, on: map)
        let seconds = (ContinuousClock.now - start).inSeconds
        return try LivePlacement(map, first, second, seconds: seconds, network: network)
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
        _ map: ClusterMap, _ first: [CoreCount], _ second: [CoreCount], seconds: Double,
        network: Double
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
                    network: network))
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
                // Counts move with the partition.
                let rate = { (count: (PartitionCount) -> UInt64) in
                    guard let old = before[id].map(count), let new = after[id].map(count),
                        new > old
                    else { return 0.0 }
                    return Double(new - old) / seconds
                }
                return PlanInput.load(
                    of: table.spec, bytes: Double(after[id]?.bytesUsed ?? 0),
                    pulls: rate(\.rowsPulled), pushes: rate(\.rowsPushed), .usual)
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

    /// Why a plan for it would be worth little: what is on its way is where it will not be.
    var unrest: String? {
        if let draining = map.members.first(where: \.isDraining) {
            return
                "shard \(draining.name) is being drained; give the command again when it has left"
        }
        let isMoving = map.tables.contains { $0.partitions.contains { $0.move != nil } }
        return isMoving
            ? "partitions are on their way to other shards; give the command again when they are there"
            : nil
    }

    func plan(_ search: SearchFlags) throws(ClientError) -> (report: PlanReport, moves: [Move]) {
        guard let outcome = search.outcome(of: input.problem) else {
            throw ClientError("there is no core to place anything on")
        }
        return (PlanReport(input, outcome), moves(to: outcome.plan))
    }

    /// In an order in which each has room when its turn comes, as far as there is one.
    func moves(to plan: PlacementPlan) -> [Move] {
        let problem = input.problem
        var room: [Home: Double] = [:]
        for host in problem.hosts {
            for core in 0..<UInt32(host.coreCount) {
                room[Home(member: host.member, core: core)] =
                    host.capacity[.memory] / Double(host.coreCount)
            }
        }
        var rest: [(move: Move, from: Home, to: Home, bytes: Double)] = []
        for (index, table) in map.tables.enumerated() {
            let variable = problem.variables[index]
            for (part, to) in plan.homes[index].enumerated() {
                let bytes = variable.loads[part][.memory]
                // The rows of who has gone are gone.
                guard let from = variable.current[part] else { continue }
                room[from, default: 0] -= bytes
                guard from != to else { continue }
                let move = Move(
                    id: PartitionID(table: table.id, index: UInt32(part)), table: table.spec.name,
                    from: input.name(of: from),
                    shard: input.shardNames[Int(to.member.value) - 1], core: to.core)
                rest.append((move, from, to, bytes))
            }
        }
        var moves: [Move] = []
        while !rest.isEmpty {
            let next = rest.remove(at: rest.firstIndex { room[$0.to, default: 0] >= $0.bytes } ?? 0)
            room[next.to, default: 0] -= next.bytes
            room[next.from, default: 0] += next.bytes
            moves.append(next.move)
        }
        return moves
    }
}
