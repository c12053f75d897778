package import LehrCore
import LehrMembership

/// Shards that are to own nothing any more.
extension CoordinatorInstance {
    /// Moves from one shard that go on at once: enough to keep its links busy, few enough that each soon
    /// ends.
    static let drainingMovesMax = 4

    /// Begins to drain a shard, or tells how far that is: the partitions that it has still to hand over. There
    /// are no directives when the drain is under way.
    ///
    /// - Parameter life: nil: whoever has the name.
    package mutating func drain(
        _ name: String, _ life: MemberIncarnation? = nil
    ) throws(CoordinatorRefusal) -> (partitions: Int, directives: [Directive]) {
        guard let member = leases.member(named: name), member.role == .shard,
            life == nil || life == member.incarnation
        else { throw .unknownMember("no shard \"\(name.prefix(Self.nameBytesMax))\"") }
        let left = { (tables: [PlacedTable]) in
            tables.reduce(0) { $0 + $1.partitions.count { $0.isHeld(by: member.incarnation) } }
        }
        let others = leases.members.filter { $0.role == .shard && !$0.isDraining && $0 != member }
        guard !others.isEmpty || left(tables) == 0 else {
            throw .cannotMove(
                "\(name) is the only shard that takes rows; start another one, and drain it then")
        }
        guard let drained = leases.note(member.incarnation, isDraining: true) else {
            return (left(tables), [])
        }
        let directives =
            [.save(.member(drained))] + endMoves(to: member.incarnation) + mapChanged()
        return (left(tables), directives)
    }

    /// Gives up draining a shard of which a partition could not move: it would be tried for ever.
    mutating func stopDraining(_ shard: MemberIncarnation) -> [Directive] {
        leases.note(shard, isDraining: false).map { [.save(.member($0))] } ?? []
    }

    /// Begins the moves that shards being drained have to make next, each to the core that has the fewest
    /// partitions; the caller counts the change of the map.
    mutating func goOnDraining() -> [Directive] {
        guard leases.drainingCount > 0 else { return [] }
        let draining = leases.members.filter(\.isDraining).map(\.incarnation)
        var loads = coreLoads()
        // Nobody is left who could take anything: it would be waited for without end. Who has nothing needs
        // nobody.
        guard !loads.isEmpty else {
            return draining.filter { shard in
                tables.contains { $0.partitions.contains { $0.isHeld(by: shard) } }
            }.flatMap { stopDraining($0) }
        }
        // How many moves each of them may begin.
        var room = Dictionary(
            uniqueKeysWithValues: draining.map { ($0, Self.drainingMovesMax) })
        for move in tables.lazy.flatMap(\.partitions).compactMap(\.move) {
            room[move.source.member]? -= 1
        }
        var directives: [Directive] = []
        for table in tables.indices {
            var isChanged = false
            for index in tables[table].partitions.indices {
                let partition = tables[table].partitions[index]
                guard partition.move == nil, let left = room[partition.owner], left > 0,
                    let target = loads.indices.min(by: { loads[$0].count < loads[$1].count })
                else { continue }
                room[partition.owner] = left - 1
                loads[target].count += 1
                _ = begin(index, of: table, to: loads[target].end)
                isChanged = true
            }
            if isChanged { directives.append(.save(.table(tables[table]))) }
        }
        return directives
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
