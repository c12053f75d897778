import CLehrWire
import LehrCore
package import LehrMembership
import LehrTable
package import LehrWire

/// A message whose fields contradict each other or lie outside their range.
package struct TranslationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Role {
    package init?(wire: Int) {
        switch wire {
        case 1: self = .shard
        case 2: self = .worker
        case 3: self = .serving
        default: return nil
        }
    }

    package var wire: Int {
        switch self {
        case .shard: 1
        case .worker: 2
        case .serving: 3
        }
    }
}

extension ProcessLife {
    /// Nil when the sender does not say which process it is.
    package init?(wire process: UInt64, life: UInt32) {
        guard process != 0 else { return nil }
        self.init(process: process, life: life)
    }
}

extension Member {
    package init(wire: borrowing Wire.Member) throws(TranslationError) {
        guard let role = Role(wire: Int(wire.role.rawValue)) else {
            throw TranslationError("a member has no known role")
        }
        self.init(
            name: text(wire.name), role: role, incarnation: MemberIncarnation(wire.incarnation),
            coreAddresses: texts(wire.n_core_addresses, wire.core_addresses),
            httpAddress: text(wire.http_address),
            process: ProcessLife(wire: wire.process_id, life: wire.process_life),
            isDraining: wire.draining != 0)
    }

    package func fill(_ wire: inout Wire.Member, _ arena: WireArena) {
        wire.name = arena.string(name)
        wire.role = .init(rawValue: UInt32(role.wire))
        wire.incarnation = incarnation.value
        (wire.n_core_addresses, wire.core_addresses) = arena.strings(coreAddresses)
        wire.http_address = arena.string(httpAddress)
        wire.process_id = process?.process ?? 0
        wire.process_life = process?.life ?? 0
        wire.draining = isDraining ? 1 : 0
    }
}

extension ClusterMap {
    package init(wire: borrowing Wire.ClusterMap) throws(TranslationError) {
        var members: [Member] = []
        for member in each(wire.n_members, wire.members) {
            members.append(try Member(wire: member))
        }
        guard zip(members, members.dropFirst()).allSatisfy({ $0.incarnation < $1.incarnation })
        else {
            throw TranslationError("the members of a cluster map are not in order")
        }
        var tables: [PlacedTable] = []
        for table in each(wire.n_tables, wire.tables) {
            tables.append(try PlacedTable(wire: table))
        }
        self.init(
            cluster: ClusterID(wire.cluster_id), version: wire.version, members: members,
            tables: tables)
    }

    /// The map that a message of a watch leads to from the `known` one; nil: the message is of changes
    /// since a version that is not known here.
    package init?(
        wire: borrowing Wire.ClusterMap, after known: ClusterMap?
    ) throws(TranslationError) {
        guard wire.base_version > 0 else {
            try self.init(wire: wire)
            return
        }
        let change = try ClusterMapChange(wire: wire)
        guard var map = known, map.cluster == change.cluster else { return nil }
        do throws(ClusterMapChange.Mismatch) {
            guard try map.apply(change) else { return nil }
        } catch {
            throw TranslationError("changes of a cluster map are not in order")
        }
        self = map
    }

    package func fill(_ wire: inout Wire.ClusterMap, _ arena: WireArena) {
        wire.cluster_id = cluster.value
        wire.version = version
        (wire.n_members, wire.members) = arena.list(members) { $0.fill(&$1, $2) }
        (wire.n_tables, wire.tables) = arena.list(tables) { $0.fill(&$1, $2) }
    }
}

extension ClusterMapChange {
    init(wire: borrowing Wire.ClusterMap) throws(TranslationError) {
        let whole = try ClusterMap(wire: wire)
        self.init(
            cluster: whole.cluster, base: wire.base_version, version: whole.version,
            came: whole.members,
            left: UnsafeBufferPointer(start: wire.left, count: wire.n_left).map {
                MemberIncarnation($0)
            },
            placed: whole.tables,
            dropped: UnsafeBufferPointer(
                start: wire.dropped_tables, count: wire.n_dropped_tables
            ).map { TableID($0) })
    }

    package func fill(_ wire: inout Wire.ClusterMap, _ arena: WireArena) {
        ClusterMap(cluster: cluster, version: version, members: came, tables: placed)
            .fill(&wire, arena)
        wire.base_version = base
        (wire.n_left, wire.left) = arena.numbers(left.map(\.value))
        (wire.n_dropped_tables, wire.dropped_tables) = arena.numbers(dropped.map(\.value))
    }
}

extension PlacedTable {
    package init(wire: borrowing Wire.Table) throws(TranslationError) {
        guard let spec = wire.spec else { throw TranslationError("table \(wire.id) has no spec") }
        let received = each(wire.n_partitions, wire.partitions)
        guard received.count.nonzeroBitCount == 1, received.count <= BucketRange.bucketCount else {
            throw TranslationError("table \(wire.id): \(received.count) partitions")
        }
        let ranges = BucketRange.even(bits: received.count.trailingZeroBitCount)
        var partitions: [PlacedPartition] = []
        for (partition, range) in zip(received, ranges) {
            guard partition.index == UInt32(partitions.count),
                partition.first_bucket == range.first, partition.bucket_count == range.count
            else {
                throw TranslationError("table \(wire.id): the partitions do not tile the buckets")
            }
            partitions.append(
                PlacedPartition(
                    range: range, owner: MemberIncarnation(partition.owner_incarnation),
                    ownerName: text(partition.owner), core: partition.core,
                    incarnation: PartitionIncarnation(partition.incarnation),
                    line: partition.line == 0 ? nil : PartitionIncarnation(partition.line),
                    move: try PartitionMove(wire: partition.move)))
        }
        self.init(
            id: TableID(wire.id), job: JobID(wire.job), spec: try TableSpec(wire: spec.pointee),
            partitions: partitions)
    }

    package func fill(_ wire: inout Wire.Table, _ arena: WireArena) {
        wire.id = id.value
        wire.job = job.value
        wire.spec = arena.make(Wire.TableSpec.self) { spec.fill(&$0, $1) }
        (wire.n_partitions, wire.partitions) = arena.list(Array(partitions.enumerated())) {
            let partition = $0.element
            $1.index = UInt32($0.offset)
            $1.first_bucket = partition.range.first
            $1.bucket_count = partition.range.count
            $1.owner = $2.string(partition.ownerName)
            $1.owner_incarnation = partition.owner.value
            $1.core = partition.core
            $1.incarnation = partition.incarnation.value
            $1.line = partition.line == partition.incarnation ? 0 : partition.line.value
            $1.move = partition.move?.wire($2)
        }
    }
}

extension PartitionMove {
    fileprivate init?(
        wire: UnsafeMutablePointer<Wire.PartitionMove>?
    ) throws(TranslationError) {
        guard let wire = wire?.pointee else { return nil }
        guard let source = wire.source, let destination = wire.destination else {
            throw TranslationError("move \(wire.number) has no source or no destination")
        }
        self.init(
            number: wire.number, phase: wire.handed_over != 0 ? .handedOver : .copying,
            source: End(wire: source.pointee), destination: End(wire: destination.pointee))
    }

    fileprivate func wire(_ arena: WireArena) -> UnsafeMutablePointer<Wire.PartitionMove> {
        arena.make(Wire.PartitionMove.self) { wire, arena in
            wire.number = number
            wire.handed_over = phase == .handedOver ? 1 : 0
            wire.source = source.wire(arena)
            wire.destination = destination.wire(arena)
        }
    }
}

extension PartitionMove.End {
    fileprivate init(wire: borrowing Wire.MoveEnd) {
        self.init(
            member: MemberIncarnation(wire.incarnation), name: text(wire.name), core: wire.core)
    }

    fileprivate func wire(_ arena: WireArena) -> UnsafeMutablePointer<Wire.MoveEnd> {
        arena.make(Wire.MoveEnd.self) { wire, arena in
            wire.incarnation = member.value
            wire.name = arena.string(name)
            wire.core = core
        }
    }
}
