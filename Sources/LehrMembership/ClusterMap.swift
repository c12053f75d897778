package import LehrCore
package import LehrTable

/// Who owns what, as of one version.
package struct ClusterMap: Sendable, Equatable {
    package var cluster: ClusterID
    /// Grows with every change.
    package var version: UInt64
    /// Ordered by incarnation.
    package var members: [Member]
    /// Ordered by id.
    package var tables: [PlacedTable]

    package init(
        cluster: ClusterID, version: UInt64, members: [Member], tables: [PlacedTable]
    ) {
        self.cluster = cluster
        self.version = version
        self.members = members
        self.tables = tables
    }

    package func tables(of job: JobID) -> [PlacedTable] { tables.filter { $0.job == job } }

    /// A member by binary search: every pull asks for the owner of each of its partitions.
    package func member(_ incarnation: MemberIncarnation) -> Member? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].incarnation < incarnation { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].incarnation == incarnation ? members[low] : nil
    }

    /// Where the owner of a partition answers; nil when the owner has left.
    package func address(of partition: PlacedPartition) -> String? {
        guard let owner = member(partition.owner) else { return nil }
        let core = Int(partition.core)
        return owner.coreAddresses.indices.contains(core) ? owner.coreAddresses[core] : nil
    }

    /// Whether a member is being drained and has nothing left, and nothing is on its way there.
    package func isDrained(_ life: MemberIncarnation) -> Bool {
        member(life)?.isDraining == true
            && !tables.contains { $0.partitions.contains { $0.isHeld(by: life) } }
    }

    package func table(_ id: TableID) -> PlacedTable? { tables.first { $0.id == id } }
}

/// A table and the owners of its partitions.
package struct PlacedTable: Sendable, Equatable, Codable {
    package var id: TableID
    package var job: JobID
    package var spec: TableSpec
    /// Ordered by bucket range; a power of two of equal runs.
    package var partitions: [PlacedPartition]

    package init(id: TableID, job: JobID, spec: TableSpec, partitions: [PlacedPartition]) {
        self.id = id
        self.job = job
        self.spec = spec
        self.partitions = partitions
    }
}

/// One partition: its keys, its owner, and the number that fences it.
package struct PlacedPartition: Sendable, Equatable, Codable {
    package var range: BucketRange
    package var owner: MemberIncarnation
    /// The owner's name, for messages to people.
    package var ownerName: String
    package var core: UInt32
    package var incarnation: PartitionIncarnation
    /// Under which the first of the owners was it that have handed on all they had acknowledged, one to
    /// the next; nil: under the present one.
    private var firstOfLine: PartitionIncarnation?
    package private(set) var move: PartitionMove?

    package init(
        range: BucketRange, owner: MemberIncarnation, ownerName: String, core: UInt32,
        incarnation: PartitionIncarnation, line: PartitionIncarnation? = nil,
        move: PartitionMove? = nil
    ) {
        self.range = range
        self.owner = owner
        self.ownerName = ownerName
        self.core = core
        self.incarnation = incarnation
        firstOfLine = line == incarnation ? nil : line
        self.move = move
    }

    /// The earliest incarnation whose acknowledgements the owner stands for.
    package var line: PartitionIncarnation { firstOfLine ?? incarnation }

    /// Where it is served from, or is to be.
    package var home: PartitionMove.End {
        PartitionMove.End(member: owner, name: ownerName, core: core)
    }

    /// Whether a life owns it, keeps its rows for a new owner, or is to get it.
    package func isHeld(by life: MemberIncarnation) -> Bool {
        owner == life || move?.source.member == life || move?.destination.member == life
    }
}

extension PlacedPartition {
    /// Begins a move from the owner to another core.
    package mutating func begin(_ number: UInt64, to destination: PartitionMove.End) {
        move = PartitionMove(
            number: number, phase: .copying, source: home, destination: destination)
    }

    /// Makes the destination the owner: it has everything that the source has acknowledged.
    package mutating func handOver(as next: PartitionIncarnation) {
        guard let destination = move?.destination else { return }
        firstOfLine = line
        give(to: destination, as: next)
        move?.phase = .handedOver
    }

    /// Makes the source the owner again, for want of the destination, which was never open.
    package mutating func takeBack(as next: PartitionIncarnation) {
        guard let source = move?.source else { return }
        firstOfLine = line
        give(to: source, as: next)
        move = nil
    }

    /// Ends a move: it is given up, or the destination may open.
    package mutating func endMove() { move = nil }

    private mutating func give(to end: PartitionMove.End, as next: PartitionIncarnation) {
        (owner, ownerName, core, incarnation) = (end.member, end.name, end.core, next)
    }
}
