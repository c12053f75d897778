package import LehrCluster
package import LehrCore
import LehrMembership

/// Partitions that get another owner while they are written to; `Tests/Protocol/migration.pml` is the model.
extension CoordinatorInstance {
    /// Begins to move a partition to a core of a shard; returns the move's number.
    package mutating func move(
        _ id: PartitionID, to name: String, core: UInt32
    ) throws(CoordinatorRefusal) -> (move: UInt64, directives: [Directive]) {
        guard let table = tables.firstIndex(where: { $0.id == id.table }),
            tables[table].partitions.indices.contains(Int(id.index))
        else { throw .noPartition("no partition \(id.index) of a table \(id.table.value)") }
        guard let member = leases.member(named: name), member.role == .shard else {
            throw .unknownMember("no shard \"\(name.prefix(Self.nameBytesMax))\"")
        }
        guard Int(core) < member.coreAddresses.count else {
            throw .invalid("core \(core): \(name) has cores 0 to \(member.coreAddresses.count - 1)")
        }
        guard !member.isDraining else {
            throw .cannotMove("\(name) is being drained; choose another shard")
        }
        let end = PartitionMove.End(member: member.incarnation, name: name, core: core)
        let partition = tables[table].partitions[Int(id.index)]
        guard partition.move == nil else {
            throw .cannotMove("it is on its way already; the cluster map shows where to")
        }
        guard partition.home != end else { throw .cannotMove("it is there already") }
        let number = begin(Int(id.index), of: table, to: end)
        return (number, [.save(.table(tables[table]))] + mapChanged())
    }

    /// The caller saves the table, and counts the change of the map.
    mutating func begin(_ index: Int, of table: Int, to end: PartitionMove.End) -> UInt64 {
        cluster.lastPartition += 1
        tables[table].partitions[index].begin(cluster.lastPartition, to: end)
        return cluster.lastPartition
    }

    /// Notes what a destination says: the incarnation under which it owns the partition, if it does.
    package mutating func report(
        _ report: MoveReport, from member: MemberIncarnation, unixMilliseconds: UInt64
    ) throws(CoordinatorRefusal) -> (incarnation: PartitionIncarnation?, directives: [Directive]) {
        guard leases.member(member) != nil else { throw .unknownLease(member) }
        let index = Int(report.partition.index)
        guard let table = tables.firstIndex(where: { $0.id == report.partition.table }),
            tables[table].partitions.indices.contains(index),
            let move = tables[table].partitions[index].move, move.number == report.move,
            move.destination.member == member
        else { return (nil, []) }
        var outcome: (incarnation: PartitionIncarnation?, directives: [Directive]) = (nil, [])
        switch (report.state, move.phase) {
        case (.ready, .copying):
            tables[table].partitions[index].handOver(as: nextPartition())
            outcome.incarnation = tables[table].partitions[index].incarnation
        case (.taken, .handedOver):
            tables[table].partitions[index].endMove()
            outcome.incarnation = tables[table].partitions[index].incarnation
        case (.failed, .copying) where leases.member(move.source.member) == nil:
            return (
                nil,
                lose(
                    tables[table].job,
                    "shard \(move.source.name) was lost: rows were on their way from there",
                    unixMilliseconds: unixMilliseconds) + mapChanged()
            )
        case (.failed, .copying):
            tables[table].partitions[index].endMove()
            outcome.directives = stopDraining(move.source.member)
        case (.ready, .handedOver): return (tables[table].partitions[index].incarnation, [])
        // It has no say any more, or not yet.
        case (.failed, .handedOver), (.taken, .copying): return (nil, [])
        }
        outcome.directives = [.save(.table(tables[table]))] + outcome.directives + mapChanged()
        return outcome
    }

    /// Partitions on their way.
    package var movingCount: Int {
        tables.reduce(0) { $0 + $1.partitions.count { $0.move != nil } }
    }

    private mutating func nextPartition() -> PartitionIncarnation {
        cluster.lastPartition += 1
        return PartitionIncarnation(cluster.lastPartition)
    }

    /// Gives up moves to a shard of which it has not become the owner: it has gone, or is being drained. Those
    /// of which it has are `settleMoves`'; those from it may have brought everything.
    mutating func endMoves(to shard: MemberIncarnation) -> [Directive] {
        changePartitions { partition in
            guard let move = partition.move, move.phase == .copying,
                move.destination.member == shard
            else { return false }
            partition.endMove()
            return true
        }
    }

    /// Takes partitions back from new owners that have gone before they were open, and can write no more.
    mutating func settleMoves(now: Instant) -> [Directive] {
        let isHandedOver = { (partition: PlacedPartition) in partition.move?.phase == .handedOver }
        guard tables.contains(where: { $0.partitions.contains(where: isHandedOver) }) else {
            return []
        }
        let leases = leases
        var number = cluster.lastPartition
        let directives = changePartitions { partition in
            guard let move = partition.move, isHandedOver(partition),
                leases.isSilent(partition.owner, now: now),
                leases.member(move.source.member) != nil
            else { return false }
            number += 1
            partition.takeBack(as: PartitionIncarnation(number))
            return true
        }
        cluster.lastPartition = number
        return directives
    }

    private mutating func changePartitions(
        _ change: (inout PlacedPartition) -> Bool
    ) -> [Directive] {
        var directives: [Directive] = []
        for table in tables.indices
        where tables[table].partitions.contains(where: { $0.move != nil }) {
            var isChanged = false
            for index in tables[table].partitions.indices {
                if change(&tables[table].partitions[index]) { isChanged = true }
            }
            if isChanged { directives.append(.save(.table(tables[table]))) }
        }
        return directives
    }

    /// Whether a partition's rows are nowhere, or can be where nobody is: its owner has gone, and nobody
    /// that lives may have them all.
    func isLost(_ partition: PlacedPartition) -> Bool {
        guard leases.member(partition.owner) == nil else { return false }
        guard let move = partition.move else { return true }
        return leases.member(move.source.member) == nil
            && leases.member(move.destination.member) == nil
    }
}
