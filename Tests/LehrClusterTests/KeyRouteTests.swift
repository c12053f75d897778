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
        #expect(route.isInOrder == (order == order.sorted()), "seed \(seed)")
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

    @Test func keysThatAreGroupedStayInOrder() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let table = MapFixture.table(bits: random.below(7), owners: [(1, 0)])
            let keys = (0..<random.below(300)).map { _ in random.next() }
            let grouped = keys.sorted {
                KeySpace.hashed.bucket(of: $0) < KeySpace.hashed.bucket(of: $1)
            }
            expectNaive(grouped, table, seed)
            #expect(KeyRoute(grouped, to: table).isInOrder, "seed \(seed)")
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

    @Test func keysThatTravelAsDifferencesAscendWithinEachRun() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var table = MapFixture.table(bits: random.below(6), owners: [(1, 0)])
            let keys = (0..<random.below(300)).map { _ in random.next() >> UInt64(random.below(60))
            }
            let raw = KeyRoute(keys, to: table)
            table.spec.wire.keys = .delta
            let route = KeyRoute(keys, to: table)
            #expect(route.runs == raw.runs, "seed \(seed)")
            for run in route.runs {
                let order = route.order[run.range]
                #expect(Set(order) == Set(raw.order[run.range]), "seed \(seed)")
                let sorted = order.map { keys[Int($0)] }
                #expect(sorted == sorted.sorted(), "seed \(seed)")
            }
        }
    }

    @Test func keysOfTwoWordsGoWhereTheirFoldedKeyDoes() {
        for seed in 1...50 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var table = MapFixture.table(bits: random.below(6), owners: [(1, 0)])
            let keys = (0..<2 * random.below(300)).map { _ in random.next() }
            let folded = stride(from: 0, to: keys.count, by: 2).map {
                foldedKey(keys[$0], keys[$0 + 1])
            }
            let expected = KeyRoute(folded, to: table)
            // Differences are for keys of one word: the order stays that of the request.
            (table.spec.storage.keyWidth, table.spec.wire.keys) = (.bits128, .delta)
            let route = KeyRoute(keys, to: table)
            #expect(route.order == expected.order && route.runs == expected.runs, "seed \(seed)")
        }
    }

    @Test func noKeysMakeNoRuns() {
        let route = KeyRoute([], to: MapFixture.table(bits: 3, owners: [(1, 0)]))
        #expect(route.runs.isEmpty && route.order.isEmpty)
    }
}
