import LehrCore
import LehrMembership
import LehrTable

/// Cluster maps for tests.
enum MapFixture {
    static func table(
        id: UInt32 = 1, job: UInt64 = 1, keys: KeySpace = .hashed, bits: Int,
        owners: [(member: UInt64, core: UInt32)], dimension: Int = 2, incarnation: UInt64 = 100
    ) -> PlacedTable {
        let spec = TableSpec(
            name: "t\(id)", keys: keys, dimension: dimension, initializer: .constant(0),
            optimizer: Optimizer(rule: .sgd, learningRate: 0.1), seed: 1)
        let partitions = BucketRange.even(bits: bits).enumerated().map { index, range in
            let owner = owners[index % owners.count]
            return PlacedPartition(
                range: range, owner: MemberIncarnation(owner.member),
                ownerName: "shard-\(owner.member)", core: owner.core,
                incarnation: PartitionIncarnation(incarnation + UInt64(index)))
        }
        return PlacedTable(
            id: TableID(id), job: JobID(job), spec: spec, partitions: partitions)
    }

    static func member(_ incarnation: UInt64, cores: Int) -> Member {
        Member(
            name: "shard-\(incarnation)", role: .shard,
            incarnation: MemberIncarnation(incarnation),
            coreAddresses: (0..<cores).map { "shard-\(incarnation):\(7200 + $0)" },
            httpAddress: "")
    }

    static func map(_ tables: [PlacedTable], members: [Member], version: UInt64 = 1) -> ClusterMap {
        ClusterMap(cluster: ClusterID(77), version: version, members: members, tables: tables)
    }
}
