import LehrCore
import LehrMembership
import LehrTable
import Testing

@Suite struct ClusterMapTests {
    private func member(_ incarnation: UInt64, cores: Int) -> Member {
        Member(
            name: "shard-\(incarnation)", role: .shard,
            incarnation: MemberIncarnation(incarnation),
            coreAddresses: (0..<cores).map { "shard-\(incarnation):\($0)" }, httpAddress: "")
    }

    private func partition(owner: UInt64, core: UInt32) throws -> PlacedPartition {
        PlacedPartition(
            range: try #require(BucketRange(first: 0, count: BucketRange.bucketCount)),
            owner: MemberIncarnation(owner), ownerName: "shard-\(owner)", core: core,
            incarnation: PartitionIncarnation(1))
    }

    @Test func membersAreFoundByIncarnation() {
        let members = [2, 3, 7, 20, 21].map { member($0, cores: 1) }
        for count in 0...members.count {
            let map = ClusterMap(
                cluster: ClusterID(1), version: 1, members: Array(members[..<count]), tables: [])
            for incarnation in 0...22 as ClosedRange<UInt64> {
                let wanted = members[..<count].first { $0.incarnation.value == incarnation }
                #expect(map.member(MemberIncarnation(incarnation)) == wanted)
            }
        }
    }

    @Test func anAddressIsTheOwnersCoreOrNothing() throws {
        let map = ClusterMap(
            cluster: ClusterID(1), version: 1, members: [member(1, cores: 2), member(4, cores: 1)],
            tables: [])
        #expect(map.address(of: try partition(owner: 1, core: 1)) == "shard-1:1")
        #expect(map.address(of: try partition(owner: 4, core: 0)) == "shard-4:0")
        #expect(map.address(of: try partition(owner: 4, core: 1)) == nil)
        #expect(map.address(of: try partition(owner: 4, core: .max)) == nil)
        #expect(map.address(of: try partition(owner: 2, core: 0)) == nil)
    }
}
