import LehrCore
import LehrMembership

/// Shards that are to own nothing any more.
extension CoordinatorInstance {
    /// Moves from one shard that go on at once: enough to keep its links busy, few enough that each soon
    /// ends.
    static let drainingMovesMax = 4

    /// Begins to drain a shard, or tells how far that is: the partitions that it has still to hand over.
    package mutating func drain(
        _ name: String
    ) throws(CoordinatorRefusal) -> (partitions: Int, directives: [Directive]) {
        guard let member = leases.member(named: name), member.role == .shard else {
            throw .unknownMember("no shard \"\(name.prefix(Self.nameBytesMax))\"")
        }
        let left = { (instance: Self) in
            instance.tables.reduce(0) {
                $0 + $1.partitions.count { $0.isHeld(by: member.incarnation) }
            }
        }
        if member.isDraining { return (left(self), []) }
        let others = leases.members.filter { $0.role == .shard && !$0.isDraining && $0 != member }
        guard !others.isEmpty || left(self) == 0 else {
            throw .cannotMove(
                "\(name) is the only shard that takes rows; start another one, and drain it then")
        }
        guard let drained = leases.drain(member.incarnation) else { return (left(self), []) }
        let directives = [.save(.member(drained))] + mapChanged()
        return (left(self), directives)
    }

    /// Begins the moves that shards being drained have to make next, each to the core that has the fewest
    /// partitions; the caller counts the change of the map.
    mutating func goOnDraining() -> [Directive] {
        let draining = leases.members.filter { $0.isDraining }
        guard !draining.isEmpty else { return [] }
        var loads = coreLoads()
        var directives: [Directive] = []
        for table in tables.indices {
            var isChanged = false
            for index in tables[table].partitions.indices {
                let partition = tables[table].partitions[index]
                guard partition.move == nil,
                    draining.contains(where: { $0.incarnation == partition.owner }),
                    movesUnderWay(from: partition.owner) < Self.drainingMovesMax,
                    let target = loads.indices.min(by: { loads[$0].count < loads[$1].count })
                else { continue }
                loads[target].count += 1
                _ = begin(index, of: table, to: loads[target].end)
                isChanged = true
            }
            if isChanged { directives.append(.save(.table(tables[table]))) }
        }
        return directives
    }

    private func movesUnderWay(from shard: MemberIncarnation) -> Int {
        tables.reduce(0) { $0 + $1.partitions.count { $0.move?.source.member == shard } }
    }

    /// The cores that may get partitions, with how many they have or are getting.
    private func coreLoads() -> [(end: PartitionMove.End, count: Int)] {
        var counts: [PartitionMove.End: Int] = [:]
        for partition in tables.lazy.flatMap(\.partitions) {
            counts[partition.move?.destination ?? partition.home, default: 0] += 1
        }
        return leases.members.filter { $0.role == .shard && !$0.isDraining }.flatMap { shard in
            shard.coreAddresses.indices.map {
                PartitionMove.End(
                    member: shard.incarnation, name: shard.name, core: UInt32($0))
            }
        }.map { ($0, counts[$0] ?? 0) }
    }
}
