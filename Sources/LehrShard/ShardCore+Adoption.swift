import LehrCluster
import LehrCore
package import LehrMembership
package import LehrTable

/// What the map gives to a core, and takes from it.
extension ShardCore {
    /// Takes over what the map gives to this core and drops the rest.
    ///
    /// A table that cannot be made is left out, and the first of them reported, after all else is
    /// taken over.
    package func adopt(_ map: ClusterMap) throws(TableSpecError) {
        guard let me = lease?.incarnation else { return }
        if map.cluster != cluster {
            dropAll()
            cluster = map.cluster
            mapVersion = 0
        }
        guard map.version >= mapVersion else { return }
        mapVersion = map.version
        var owned = guards.contains(.ownerFencesOldLives) ? [:] : partitions
        var failure: TableSpecError?
        var expected: [Arrival] = []
        (moves, taken) = ([:], [])
        for table in map.tables {
            for (position, placed) in table.partitions.enumerated() {
                let id = PartitionID(table: table.id, index: UInt32(position))
                do throws(TableSpecError) {
                    switch role(in: placed, of: me) {
                    case .owner: owned[id] = try open(id, placed, of: table)
                    case .keeper: owned[id] = partition(id)
                    case .destination:
                        // It may have heard that it is the owner before this map came.
                        if let known = partition(id), known.cameBy == placed.move?.number {
                            owned[id] = known
                        } else if let arrival = try expect(id, placed, of: table) {
                            arrival.address = map.address(of: placed)
                            expected.append(arrival)
                        }
                    case .none: break
                    }
                } catch {
                    failure = failure ?? error
                }
            }
        }
        arrivals = expected
        partitions = owned
        jobs = Set(owned.values.map(\.job))
        wideTables = Set(
            map.tables.filter { $0.spec.storage.keyWidth == .bits128 }.map(\.id))
        dropStaleSteps()
        if let failure { throw failure }
    }

    /// What this core is to a partition.
    private enum Part { case owner, keeper, destination, none }

    private func role(in placed: PlacedPartition, of me: MemberIncarnation) -> Part {
        if placed.core == index, placed.owner == me { return .owner }
        guard let move = placed.move else { return .none }
        let end = move.phase == .copying ? move.destination : move.source
        guard end.core == index, end.member == me else { return .none }
        if move.phase == .copying { return .destination }
        return guards.contains(.keptUntilTaken) ? .keeper : .none
    }

    /// The partition as it is here, as it has come here, or empty.
    private func open(
        _ id: PartitionID, _ placed: PlacedPartition, of table: PlacedTable
    ) throws(TableSpecError) -> OwnedPartition? {
        if let move = placed.move, move.phase == .handedOver {
            let known = partition(id).flatMap { $0.incarnation == placed.incarnation ? $0 : nil }
            let come = arrivals.first { $0.id == id && $0.move.number == move.number }
            let here = known ?? come.flatMap { arrived($0, as: placed.incarnation) }
            if here != nil { taken.append(MoveReport(id, move: move.number, .taken)) }
            return here
        }
        moves[id] = placed.move
        if let known = partition(id) {
            if known.incarnation == placed.incarnation {
                known.goOn(with: placed.move?.number)
                return known
            }
            // Its successor has gone before it was open.
            if known.isSealed {
                known.reopen(as: placed.incarnation)
                return known
            }
        }
        return OwnedPartition(
            id: id, job: table.job, incarnation: placed.incarnation,
            rows: try Self.rows(of: table, placed, .of(table), in: pool))
    }

    private static func rows(
        of table: PlacedTable, _ placed: PlacedPartition, _ limits: PartitionLimits,
        in pool: BlockPool
    ) throws(TableSpecError) -> TablePartition {
        try TablePartition(spec: table.spec, range: placed.range, limits: limits, pool: pool)
    }

    // MARK: - Arrivals

    /// The arrival that the map speaks of, begun or new.
    private func expect(
        _ id: PartitionID, _ placed: PlacedPartition, of table: PlacedTable
    ) throws(TableSpecError) -> Arrival? {
        guard let move = placed.move else { return nil }
        if let known = arrivals.first(where: { $0.id == id && $0.move.number == move.number }) {
            return known
        }
        return try Arrival(
            id, job: table.job, from: placed.incarnation, move, limits: .of(table)
        ) { [pool] () throws(TableSpecError) in
            try Self.rows(of: table, placed, PartitionLimits(), in: pool)
        }
    }

    /// Takes a partition that has come here whole, as the coordinator has made this core its owner; it
    /// stays sealed until its move has ended.
    func take(_ arrival: Arrival, as incarnation: PartitionIncarnation) {
        guard arrivals.contains(where: { $0 === arrival }),
            let partition = arrived(arrival, as: incarnation)
        else { return }
        arrivals.removeAll { $0 === arrival }
        partitions[arrival.id] = partition
        jobs.insert(arrival.job)
        if partition.rows.spec.storage.keyWidth == .bits128 { wideTables.insert(arrival.id.table) }
        taken.append(arrival.report(.taken))
    }

    /// Opens a partition that was taken: the coordinator knows, and the source has no claim any more.
    func open(_ id: PartitionID, after move: UInt64) {
        // An answer may come late: by then it can be sealed for its next move.
        guard let partition = partition(id), partition.sealedFor == move else { return }
        partition.sealedFor = nil
        taken.removeAll { $0.move == move }
    }

    /// The partition that has come here, with what its job's steps have to know; nil: something is
    /// missing.
    private func arrived(
        _ arrival: Arrival, as incarnation: PartitionIncarnation
    ) -> OwnedPartition? {
        guard
            let partition = arrival.partition(
                incarnation, isSealed: guards.contains(.openedAfterMove)),
            let memory = arrival.memory
        else {
            return nil
        }
        var known = steps[arrival.job] ?? JobSteps(generation: memory.generation)
        if known.generation < memory.generation { known = JobSteps(generation: memory.generation) }
        if known.generation == memory.generation {
            for attempt in memory.attempts {
                known.ledger.fence(attempt.part, attempt: attempt.attempt)
            }
        }
        steps[arrival.job] = known
        moveCounters.arrivals += 1
        return partition
    }
}

extension PartitionLimits {
    /// Of each of a table's partitions.
    fileprivate static func of(_ table: PlacedTable) -> PartitionLimits {
        PartitionLimits(of: table.spec.storage, partitions: table.partitions.count)
    }
}
