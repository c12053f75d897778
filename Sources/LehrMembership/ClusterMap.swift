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

    package init(
        range: BucketRange, owner: MemberIncarnation, ownerName: String, core: UInt32,
        incarnation: PartitionIncarnation
    ) {
        self.range = range
        self.owner = owner
        self.ownerName = ownerName
        self.core = core
        self.incarnation = incarnation
    }
}
