import LehrCore
import LehrMembership
import Testing

@testable import LehrCluster

/// Who has acknowledged, and what counts as one placement.
@Suite struct AcknowledgementTests {
    private let tables = [
        MapFixture.table(id: 1, bits: 1, owners: [(5, 0)], incarnation: 100),
        MapFixture.table(id: 2, bits: 0, owners: [(5, 0)], incarnation: 200),
    ]

    private func isAcknowledged(by incarnations: [UInt64]) -> Bool {
        let targets = [
            FanOut.Target(table: 0, partition: 0, run: 0),
            FanOut.Target(table: 0, partition: 1, run: 1),
            FanOut.Target(table: 1, partition: 0, run: 0),
        ]
        return TableClient.isAcknowledged(
            targets, tables.map(\.id), MapFixture.map(tables, members: []),
            by: incarnations.count, incarnations)
    }

    @Test func onlyTheOwnersThatWereAskedAcknowledge() {
        #expect(isAcknowledged(by: [100, 101, 200]))
        #expect(!isAcknowledged(by: [100, 102, 200]))
        #expect(!isAcknowledged(by: [100, 101]))
        #expect(!isAcknowledged(by: [100, 101, 200, 201]))
        #expect(!isAcknowledged(by: []))
    }

    @Test func aPlacementGrowsWithAnyChangeOfAnOwner() {
        #expect([PlacedTable]().placement.value == 0)
        #expect(tables.placement.value == 200)
        var moved = tables
        moved[0].partitions[1].incarnation = PartitionIncarnation(201)
        #expect(moved.placement.value == 201)
    }
}
