import LehrCore

/// The hosts of a problem as numbers: cores and shards from 0, and one over what each can take.
struct Grid {
    let homes: [Home]
    /// The shard of each core.
    let shards: [Int32]
    /// The first core of each shard, and the count of all at the end.
    let firstCores: [Int]
    let members: [MemberIncarnation]
    /// One over the capacities that are a core's own: processor and memory.
    let coreInverse: [SIMD4<Double>]
    /// One over what the cores of a shard share: the network.
    let shardInverse: [SIMD4<Double>]
    /// One over the mean capacity of a core, all resources.
    let meanInverse: SIMD4<Double>

    var coreCount: Int { homes.count }
    var shardCount: Int { members.count }

    init(_ hosts: [PlacementProblem.Host]) {
        let hosts = hosts.filter { $0.coreCount > 0 }
        var homes: [Home] = []
        var shards: [Int32] = []
        var firstCores = [0]
        var coreInverse: [SIMD4<Double>] = []
        var shardInverse: [SIMD4<Double>] = []
        var total = SIMD4<Double>()
        for (shard, host) in hosts.enumerated() {
            let capacity = host.capacity.values
            let share = Double(host.coreCount)
            for core in 0..<host.coreCount {
                homes.append(Home(member: host.member, core: UInt32(core)))
                shards.append(Int32(shard))
                coreInverse.append(SIMD4(share / capacity[0], share / capacity[1], 0, 0))
            }
            firstCores.append(homes.count)
            shardInverse.append(SIMD4(0, 0, 1 / capacity[2], 0))
            total += capacity
        }
        let mean = Double(homes.count)
        self.homes = homes
        self.shards = shards
        self.firstCores = firstCores
        self.coreInverse = coreInverse
        self.shardInverse = shardInverse
        members = hosts.map(\.member)
        meanInverse = SIMD4(mean / total[0], mean / total[1], mean / total[2], 0)
    }

    /// The numbers of homes.
    func index() -> [Home: Int32] {
        Dictionary(uniqueKeysWithValues: homes.enumerated().map { ($1, Int32($0)) })
    }
}
