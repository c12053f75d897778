import LehrCore
import Testing

@testable import LehrTable

@Suite struct TablePartitionTests {
    @Test func anUnknownKeyReadsAsItsInitialValueAndCreatesNothing() throws {
        let spec = TableSpec.sample()
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let initial = InitialRow(spec: spec)
        #expect(partition.pull([5, 6]) == [5, 6].flatMap { initial.row($0, dimension: 4) })
        #expect(partition.rowCount == 0)
        #expect(partition.bytesReserved == 0)
        #expect(partition.counters.pulledMissing == 2)
        partition.push([6], [1, 1, 1, 1])
        #expect(partition.pull([5]) == initial.row(5, dimension: 4))
        #expect(partition.pull([6]) == initial.row(6, dimension: 4).map { $0 - 0.1 })
        #expect(partition.rowCount == 1)
    }

    @Test func rowsAreWrittenAtAnyAddressAndCountedWhereTheyAre() throws {
        var narrow = TableSpec.sample(dimension: 3)
        narrow.storage = RowStorage(
            numbers: .float16, narrow: NarrowRows(width: 1, untilShows: 5))
        for spec in [TableSpec.sample(dimension: 3), narrow] {
            let halves = try BucketRange.even(bits: 1).map {
                try TablePartition(spec: spec, range: $0)
            }
            let keys = [1, 2, 3, UInt64.max >> 1 + 1, UInt64.max].map { unmixed($0) }
            halves[0].push([keys[1]], [1, 1, 1])
            let expected = halves[0].pull(Array(keys[..<3])) + halves[1].pull(Array(keys[3...]))
            var bytes = [UInt8](repeating: 0, count: 1 + 4 * expected.count)
            bytes.withUnsafeMutableBytes { bytes in
                keys.withUnsafeBufferPointer { keys in
                    TablePartition.pull(
                        [PartitionRun(halves[0], 0..<3), PartitionRun(halves[1], 3..<5)],
                        keys: PackedElements(keys),
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[1...]))
                }
            }
            let found = bytes.withUnsafeBytes { bytes in
                (0..<expected.count).map {
                    bytes.loadUnaligned(fromByteOffset: 1 + 4 * $0, as: UInt32.self)
                }
            }
            #expect(found == LehrTableTests.bits(expected))
            #expect(halves[0].counters.pulledMissing == 4)
            #expect(halves[1].counters.pulledMissing == 4)
        }
    }

    @Test func anEmptyBatchIsNothing() throws {
        let partition = try TablePartition(spec: .sample(), range: wholeRange)
        #expect(partition.pull([]) == [])
        #expect(partition.push([], []) == PushOutcome())
        #expect(partition.scan(from: .start, limit: 1) == ScannedRows())
        #expect(partition.firstKeyOutside([]) == nil)
    }

    @Test func aKeyThatComesTwiceIsChangedTwice() throws {
        let spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rule: .sgd, rate: 1)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let keys = [UInt64](repeating: 3, count: 200)
        let outcome = partition.push(keys, (1...200).map { Float($0) })
        #expect(outcome.applied == 200 && outcome.created == 1)
        #expect(partition.pull([3]) == [-20_100])
    }

    @Test(arguments: Optimizer.everyRule + Optimizer.everyRuleWithOptions)
    func randomTrafficEqualsTheReferenceBitForBit(optimizer: Optimizer) throws {
        let dimension = 11
        let spec = TableSpec.sample(dimension: dimension, optimizer: optimizer)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        var reference = ReferenceTable(spec: spec)
        var random = RandomSource(seed: 11, path: UInt64(dimension))
        for _ in 0..<20 {
            // A few hot keys, colliding ones, and a long tail; blocks full and partial.
            let keys = (0..<random.below(200)).map { _ -> UInt64 in
                switch random.below(3) {
                case 0: UInt64(random.below(5))
                case 1: unmixed(UInt64(random.below(40)) << 40 | 0xFFFF_FFFF)
                default: UInt64(random.below(3000))
                }
            }
            let gradients = (0..<keys.count * dimension).map { _ in random.uniform() - 0.5 }
            let shows = keys.map { _ in Float(random.below(4)) }
            partition.push(keys, gradients, shows: shows, clicks: shows.map { $0 / 4 })
            for (i, key) in keys.enumerated() {
                let gradient = gradients[i * dimension..<(i + 1) * dimension]
                reference.push(key, gradient, show: shows[i], click: shows[i] / 4)
            }
            if !keys.isEmpty { reference.pushCount += 1 }
            let asked = (0..<100).map { _ in UInt64(random.below(4000)) } + keys
            #expect(bits(partition.pull(asked)) == bits(asked.flatMap { reference.weight($0) }))
        }
        let scanned = partition.scanAll(limit: 7)
        #expect(scanned.keys == reference.order)
        #expect(bits(scanned.weights) == bits(reference.order.flatMap { reference.weight($0) }))
        #expect(scanned.shows == reference.order.compactMap { reference.rows[$0]?.show })
        #expect(scanned.clicks == reference.order.compactMap { reference.rows[$0]?.click })
        #expect(partition.rowCount == reference.rows.count)
        #expect(partition.pushCount == reference.pushCount)
        let zeros = scanned.weights.count { $0 == 0 }
        #expect(partition.zeroCount == zeros)
        if optimizer.l1 > 0 { #expect(zeros > 10) }
    }

    @Test func collidingKeysAreToldApart() throws {
        let spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        // The same tag for all.
        let keys = (0..<300).map { unmixed(UInt64($0) << 32 | 0xFFFF_FFFF) }
        #expect(Set(keys.map { KeyIndex.tag(mixed($0)) }) == [0x7FFF_FFFF])
        partition.push(keys, keys.indices.map { Float($0) })
        #expect(partition.pull(keys) == keys.indices.map { -Float($0) })
        let absent = unmixed(300 << 32 | 0xFFFF_FFFF)
        #expect(partition.pull([absent]) == [0])
        #expect(partition.rowCount == 300)
    }

    @Test func whatIsNotANumberIsRefusedAndCounted() throws {
        let spec = TableSpec.sample(dimension: 9)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let good = [Float](repeating: 1, count: 9)
        partition.push([1], good)
        let before = partition.pull([1, 2])
        let bad: [Float] = [.nan, .infinity, -.infinity, .signalingNaN, 2e12, -2e12]
        for value in bad {
            for place in [0, 7, 8] {
                var gradient = good
                gradient[place] = value
                let outcome = partition.push([1, 2], gradient + gradient)
                #expect(outcome.refusedNotFinite == 2 && outcome.applied == 0)
            }
            #expect(partition.push([1], good, shows: [value]).refusedNotFinite == 1)
            #expect(partition.push([1], good, clicks: [value]).refusedNotFinite == 1)
        }
        #expect(bits(partition.pull([1, 2])) == bits(before))
        #expect(partition.rowCount == 1)
        #expect(partition.counters.refusedNotFinite == 48)
        // The good rows of a push are applied all the same.
        let bad9 = [Float](repeating: .nan, count: 9)
        #expect(partition.push([2, 3, 4], good + bad9 + good).applied == 2)
        #expect(partition.scanAll(limit: 100).keys == [1, 2, 4])
    }

    @Test func keysOfOtherPartitionsAreFound() throws {
        let ranges = BucketRange.even(bits: 3)
        let partition = try TablePartition(spec: .sample(), range: ranges[5])
        var random = RandomSource(seed: 1)
        let inside = (0..<100).map { _ in unmixed(random.next() >> 3 | 5 << 61) }
        #expect(partition.firstKeyOutside(inside) == nil)
        for place in [0, 50, 99] {
            var keys = inside
            keys[place] = unmixed(random.next() >> 3 | 6 << 61)
            #expect(partition.firstKeyOutside(keys) == place)
        }
    }

    @Test func aDenseVariableRefusesRowsBeyondItsEnd() throws {
        let ranges = BucketRange.even(bits: 1)
        let low = try TablePartition(spec: .sample(keys: .rows(10)), range: ranges[0])
        let high = try TablePartition(spec: .sample(keys: .rows(10)), range: ranges[1])
        #expect(low.firstKeyOutside([0, 1, 2, 3, 4]) == nil)
        #expect(low.firstKeyOutside([0, 5]) == 1)
        #expect(high.firstKeyOutside([5, 6, 7, 8, 9]) == nil)
        #expect(high.firstKeyOutside([9, 10]) == 1)
        #expect(high.firstKeyOutside([.max]) == 0)
        high.push([9], [1, 1, 1, 1])
        #expect(high.scanAll(limit: 10).keys == [9])
    }
}
