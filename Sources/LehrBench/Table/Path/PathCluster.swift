import LehrCore
import LehrMembership

/// A cluster of one shard with one table, as both sides of a measurement know it without a coordinator.
struct PathCluster {
    static let table = TableID(1)
    static let job = JobID(1)
    private static let shard = MemberIncarnation(1)

    let partitions: Int

    /// - Parameter address: where the shard answers; it needs not know that itself.
    func map(address: String = "") -> ClusterMap {
        let placed = BucketRange.even(bits: partitions.trailingZeroBitCount).map {
            PlacedPartition(
                range: $0, owner: Self.shard, ownerName: "shard", core: 0,
                incarnation: PartitionIncarnation(1))
        }
        let table = PlacedTable(
            id: Self.table, job: Self.job, spec: BenchTable.spec, partitions: placed)
        let member = Member(
            name: "shard", role: .shard, incarnation: Self.shard, coreAddresses: [address],
            httpAddress: "")
        return ClusterMap(cluster: ClusterID(1), version: 1, members: [member], tables: [table])
    }

    /// A lease that outlasts every measurement.
    func lease(from now: Instant) -> HeldLease {
        HeldLease(incarnation: Self.shard, sent: now, ttl: .seconds(86_400), drift: 0)
    }
}
