import LehrCore
import LehrMembership
import LehrTable
import Testing

@testable import LehrCluster

@Suite struct KeyRouteTests {
    /// What a route should be, key by key.
    private func expectNaive(_ keys: [UInt64], _ table: PlacedTable, _ seed: UInt64) {
        let route = KeyRoute(keys, to: table)
        var start = 0
        var runs: [KeyRoute.Run] = []
        var order: [Int32] = []
        for (index, partition) in table.partitions.enumerated() {
            let members = keys.indices.filter {
                partition.range.contains(table.spec.keys.bucket(of: keys[$0]))
            }
            guard !members.isEmpty else { continue }
            order += members.map { Int32($0) }
            runs.append(.init(partition: index, range: start..<start + members.count))
            start += members.count
        }
        #expect(route.order == order, "seed \(seed)")
        #expect(route.runs == runs, "seed \(seed)")
        #expect(route.table == table)
    }

    @Test func hashedKeysGoWhereTheirBucketIs() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let table = MapFixture.table(bits: random.below(9), owners: [(1, 0)])
            let keys = (0..<random.below(300)).map { _ in random.next() >> UInt64(random.below(60))
            }
            expectNaive(keys, table, seed)
        }
    }

    @Test func rowsOfADenseVariableGoWhereTheirRunIs() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let rows = UInt64(1 + random.below(2000))
            let table = MapFixture.table(keys: .rows(rows), bits: random.below(5), owners: [(1, 0)])
            let keys = Array(0..<rows).shuffled(using: &random)
            expectNaive(keys, table, seed)
        }
    }

    @Test func everyBucketAPartition() {
        var random = RandomSource(seed: 3)
        let table = MapFixture.table(bits: 16, owners: [(1, 0)])
        let keys = (0..<2000).map { _ in random.next() }
        let route = KeyRoute(keys, to: table)
        #expect(route.order.count == 2000)
        for run in route.runs {
            for index in run.range {
                let key = keys[Int(route.order[index])]
                #expect(Int(KeySpace.hashed.bucket(of: key)) == run.partition)
            }
        }
    }

    @Test func noKeysMakeNoRuns() {
        let route = KeyRoute([], to: MapFixture.table(bits: 3, owners: [(1, 0)]))
        #expect(route.runs.isEmpty && route.order.isEmpty)
    }
}
