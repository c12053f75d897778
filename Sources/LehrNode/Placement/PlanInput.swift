import LehrCore
import LehrModel
import LehrPlacement
import LehrTable

/// The files of a plan, or a cluster as it is, as a problem, and the names that its numbers stand for.
struct PlanInput {
    let problem: PlacementProblem
    let shardNames: [String]
    /// Of jobs, by group.
    let jobNames: [String]
    /// Where partitions are said to be of which nobody is left.
    let lostOwners: [String]

    /// - Parameter problem: its hosts' incarnations are the positions of `shardNames`, from 1.
    init(_ problem: PlacementProblem, shardNames: [String], jobNames: [String]) {
        self.problem = problem
        self.shardNames = shardNames
        self.jobNames = jobNames
        lostOwners = []
    }

    /// - Throws: what the files say that does not go together.
    init(_ cluster: ClusterFile, _ jobs: [(file: String, job: WorkloadFile)]) throws(ConfigError) {
        try Self.checkPartitions(jobs.flatMap(\.job.tables))
        let hosts = cluster.shards.enumerated().map { index, shard in
            PlacementProblem.Host(
                member: Self.member(index), coreCount: shard.cores,
                capacity: Load(
                    cpu: Double(shard.cores), memory: shard.memory, network: shard.network))
        }
        let numbers = Dictionary(
            uniqueKeysWithValues: cluster.shards.enumerated().map { ($1.name, $0) })
        var variables: [PlacementProblem.Variable] = []
        var lost = Set<String>()
        var problems: [String] = []
        for (group, (file, job)) in jobs.enumerated() {
            for table in job.tables {
                var homes: [Home?] = []
                for owner in table.owners {
                    do {
                        let home = try Self.home(owner, numbers, cluster)
                        if home == nil { lost.insert(owner) }
                        homes.append(home)
                    } catch {
                        problems.append("\(file): table \(table.spec.name): \(error.description)")
                    }
                }
                guard homes.count == table.owners.count else { continue }
                variables.append(Self.variable(table, group: group, homes, cluster))
            }
        }
        guard problems.isEmpty else { throw ConfigError(problems: Array(problems.prefix(50))) }
        problem = PlacementProblem(variables: variables, hosts: hosts)
        shardNames = cluster.shards.map(\.name)
        jobNames = jobs.map(\.job.name)
        lostOwners = lost.sorted()
    }

    /// Before there is anything for each partition.
    private static func checkPartitions(_ tables: [WorkloadFile.Table]) throws(ConfigError) {
        let finest = tables.reduce(0) { $0 + $1.partitionsMax }
        guard finest > Cutting.piecesMax else { return }
        throw ConfigError(problems: [
            "\(finest) partitions of all tables when they are cut as finely as they may be; at most "
                + "\(Cutting.piecesMax): lower partitions-max"
        ])
    }

    func name(of home: Home) -> String { "\(shardNames[Int(home.member.value) - 1])/\(home.core)" }

    static func member(_ index: Int) -> MemberIncarnation {
        MemberIncarnation(UInt64(index + 1))
    }

    private struct OwnerError: Error {
        let description: String
    }

    /// Nil where the cluster has no such shard any more.
    private static func home(
        _ owner: String, _ numbers: [String: Int], _ cluster: ClusterFile
    ) throws(OwnerError) -> Home? {
        let parts = owner.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let core = UInt32(parts[1]) else {
            throw OwnerError(
                description: "owners: expected SHARD/CORE, such as shard-0/1, found \"\(owner)\"")
        }
        guard let shard = numbers[String(parts[0])] else { return nil }
        guard core < cluster.shards[shard].cores else {
            throw OwnerError(
                description: "owners: \(owner) is not there: \(parts[0]) has cores 0 to "
                    + "\(cluster.shards[shard].cores - 1)")
        }
        return Home(member: member(shard), core: core)
    }

    /// What a partition asks for that has so many bytes, of which so many keys are pulled and pushed in a
    /// second.
    static func load(
        of spec: TableSpec, bytes: Double, pulls: Double, pushes: Double, _ costs: KeyCosts
    ) -> Load {
        let keyBytes = 8.0
        let pullBytes = keyBytes + Double(spec.wire.rows.rowBytes(dimension: spec.dimension))
        let pushBytes = keyBytes + Double(spec.wire.gradients.rowBytes(dimension: spec.dimension))
        return Load(
            cpu: costs.cores(pulls: pulls, pushes: pushes), memory: bytes,
            network: pulls * pullBytes + pushes * pushBytes)
    }

    private static func variable(
        _ table: WorkloadFile.Table, group: Int, _ homes: [Home?], _ cluster: ClusterFile
    ) -> PlacementProblem.Variable {
        let spec = table.spec
        let rows = table.rows / Double(table.partitions)
        func rates(_ measured: [Double]) -> [Double] {
            guard measured.isEmpty else { return measured }
            return [Double](repeating: table.keysPerSecond, count: table.partitions)
        }
        let loads = zip(rates(table.pulls), rates(table.pushes)).map { pulls, pushes in
            Self.load(
                of: spec, bytes: rows * spec.rowBytes, pulls: pulls, pushes: pushes, cluster.costs)
        }
        let bits = table.partitions.trailingZeroBitCount
        return PlacementProblem.Variable(
            name: spec.name, group: group, partitionBits: bits,
            cuts: bits...table.partitionsMax.trailingZeroBitCount, loads: loads, current: homes)
    }
}
