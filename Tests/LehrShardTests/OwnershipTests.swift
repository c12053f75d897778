import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWire
import Testing

/// What a core takes over from a map, keeps, and lets go of.
@Suite struct OwnershipTests {
    private let scene: ShardScene
    private let shard: ShardCore

    init() throws {
        scene = try ShardScene()
        shard = scene.shard
        #expect(scene.push(PushFields()) == .success([2, 0]))
    }

    private var rows: [Int] { shard.statistics(of: nil).map(\.rows) }

    @Test func aPartitionIsKeptAsLongAsItsIncarnation() throws {
        try shard.adopt(ShardScene.map(version: 2))
        #expect(rows == [1, 1, 0, 0, 0])
        var map = ShardScene.map(version: 3)
        map.tables[0].partitions[0].incarnation = PartitionIncarnation(900)
        map.tables[0].partitions[2].owner = MemberIncarnation(6)
        map.tables[0].partitions[3].core = 1
        try shard.adopt(map)
        #expect(shard.ownedPartitions.map(\.incarnation.value) == [900, 101, 200])
        #expect(rows == [0, 1, 0])
    }

    @Test func anOlderMapChangesNothing() throws {
        try shard.adopt(ShardScene.map(version: 5))
        try shard.adopt(
            ClusterMap(
                cluster: ClusterID(ShardScene.cluster), version: 4, members: [], tables: []))
        #expect(rows == [1, 1, 0, 0, 0])
    }

    @Test func anotherClusterStartsFromNothing() throws {
        var map = ShardScene.map(version: 1)
        map.cluster = ClusterID(1234)
        try shard.adopt(map)
        #expect(rows == [0, 0, 0, 0, 0])
        #expect(scene.push(PushFields(batch: 1)).failure?.code == .failedPrecondition)
    }

    @Test func aNewLifeOwnsNothingOfTheOldOne() throws {
        shard.holds(scene.lease())
        #expect(rows == [1, 1, 0, 0, 0], "the same life")
        shard.holds(scene.lease(MemberIncarnation(6)))
        #expect(rows.isEmpty)
        try shard.adopt(ShardScene.map(version: 2))
        #expect(rows.isEmpty, "the map still names the old life")
    }

    @Test func withoutALeaseNothingIsOwned() throws {
        let shard = ShardCore(index: 0)
        try shard.adopt(ShardScene.map())
        #expect(shard.ownedPartitions.isEmpty && shard.cluster.value == 0)
    }

    @Test func aTableThatCannotBeMadeDoesNotStopTheOthers() throws {
        var map = ShardScene.map(version: 2)
        map.tables[0].spec.dimension = 0
        map.tables[0].partitions = map.tables[0].partitions.map {
            var partition = $0
            partition.incarnation = PartitionIncarnation($0.incarnation.value + 50)
            return partition
        }
        map.tables.append(ShardScene.table(3, .hashed, dimension: 1, bits: 0, job: 2))
        #expect(throws: TableSpecError.self) { try shard.adopt(map) }
        #expect(shard.ownedPartitions.map(\.id.table.value) == [2, 3])
    }
}
