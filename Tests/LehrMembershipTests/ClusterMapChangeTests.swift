import LehrCore
import LehrTable
import Testing

@testable import LehrMembership

@Suite struct ClusterMapChangeTests {
    private static func member(_ incarnation: UInt64) -> Member {
        Member(
            name: "m\(incarnation)", role: .worker, incarnation: MemberIncarnation(incarnation),
            coreAddresses: [], httpAddress: "")
    }

    private static func map(_ members: [UInt64], version: UInt64) -> ClusterMap {
        ClusterMap(
            cluster: ClusterID(1), version: version, members: members.map(member), tables: [])
    }

    private let change = ClusterMapChange(
        cluster: ClusterID(1), base: 5, version: 8, came: [7, 8].map(member),
        left: [MemberIncarnation(2), MemberIncarnation(8)])

    @Test func membersComeAndGo() throws {
        var map = Self.map([1, 2, 5], version: 5)
        #expect(try map.apply(change))
        #expect(map == Self.map([1, 5, 7], version: 8))
    }

    /// Between the two versions some of it is there already.
    @Test(arguments: [[1, 2, 5, 7], [1, 5, 7], [1, 5, 7, 8]])
    func aMapInBetweenComesToTheSame(members: [UInt64]) throws {
        var map = Self.map(members, version: 6)
        #expect(try map.apply(change))
        #expect(map == Self.map([1, 5, 7], version: 8))
    }

    /// A process that joins again for the life that it leads keeps its incarnation.
    @Test func aMemberThatSaysSomethingElseOfItselfIsReplaced() throws {
        var known = Self.member(2)
        known.process = ProcessLife(process: 7, life: 2)
        var news = Self.member(9)
        var change = ClusterMapChange(cluster: ClusterID(1), base: 5, version: 8)
        for member in [Self.member(8), news, Self.member(10)] { change.add(member) }
        news.process = ProcessLife(process: 8, life: 3)
        for member in [news, known] { change.add(member) }
        #expect(change.came.map(\.incarnation.value) == [2, 8, 9, 10])
        var map = Self.map([1, 2, 5], version: 5)
        #expect(try map.apply(change))
        #expect(
            map.members == [
                Self.member(1), known, Self.member(5), Self.member(8), news, Self.member(10),
            ])
    }

    @Test func aMapBeforeIsNotChangedAndALaterOneStays() throws {
        for version: UInt64 in [4, 8, 9] {
            var map = Self.map([1], version: version)
            #expect(try map.apply(change) == (version > 4))
            #expect(map == Self.map([1], version: version))
        }
    }

    @Test func membersOutOfOrderAreRefused() {
        var map = Self.map([1], version: 5)
        let wrong = ClusterMapChange(
            cluster: ClusterID(1), base: 5, version: 6, came: [9, 8].map(Self.member))
        #expect(throws: ClusterMapChange.Mismatch.self) { try map.apply(wrong) }
    }

    @Test func tablesArePlacedAndDropped() throws {
        func table(_ id: UInt32, _ version: UInt64) -> PlacedTable {
            PlacedTable(
                id: TableID(id), job: JobID(1),
                spec: TableSpec(
                    name: "t", keys: .hashed, dimension: 1, initializer: .uniform(low: 0, high: 1),
                    optimizer: Optimizer(
                        rule: .adagrad(initialAccumulator: 1), learningRate: 1, l2: 0), seed: 1),
                partitions: [
                    PlacedPartition(
                        range: BucketRange.even(bits: 0)[0], owner: MemberIncarnation(1),
                        ownerName: "s", core: 0, incarnation: PartitionIncarnation(version))
                ])
        }
        var map = Self.map([1], version: 5)
        map.tables = [table(1, 1), table(3, 1), table(4, 1)]
        let change = ClusterMapChange(
            cluster: ClusterID(1), base: 5, version: 6,
            placed: [table(2, 1), table(4, 2), table(6, 1), table(6, 2)], dropped: [TableID(3)])
        #expect(try map.apply(change))
        #expect(map.tables == [table(1, 1), table(2, 1), table(4, 2), table(6, 2)])
    }
}
