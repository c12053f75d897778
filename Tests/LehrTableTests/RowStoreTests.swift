import LehrCore
import Testing

@testable import LehrTable

@Suite struct RowStoreTests {
    @Test func rowsAreMultiplesOf32Bytes() {
        let adam = Optimizer.Rule.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
        for (rule, dimension, stride) in [
            (Optimizer.Rule.sgd, 1, 64), (.sgd, 8, 64), (.sgd, 9, 96), (.sgd, 16, 96),
            (.adagrad(initialAccumulator: 1), 16, 160), (adam, 16, 224), (adam, 64, 800),
        ] {
            let shape = RowShape(width: dimension, spec: .sample(dimension: dimension, rule: rule))
            #expect(shape.stride == stride, "\(rule), dimension \(dimension)")
        }
        let longest = TableSpec.sample(dimension: TableSpec.maximumDimension, rule: adam)
        let shape = RowShape(width: longest.dimension, spec: longest)
        #expect(shape.stride <= BlockPool.smallestBlock)
    }

    @Test func shorterNumbersAndLongerKeysMoveTheState() {
        var spec = TableSpec.sample(dimension: 5, rule: .adagrad(initialAccumulator: 1))
        spec.storage.numbers = .float16
        #expect(RowShape(width: 5, spec: spec).stateOffset == 44)
        spec.storage.keyWidth = .bits128
        let shape = RowShape(width: 5, spec: spec)
        #expect(shape.weightOffset == 40 && shape.stateOffset == 52 && shape.stride == 96)
    }

    @Test func chunksDoubleFrom64KiBTo2MiB() {
        let memory = PartitionMemory(pool: BlockPool(), byteLimit: .max)
        let spec = TableSpec.sample(dimension: 200)
        var chunks = RowChunks(source: memory, shapes: [RowShape(width: 200, spec: spec)])
        var sizes: [Int] = []
        var reserved = 0
        while sizes.count < 9 {
            #expect(chunks.take(shape: 0) != nil)
            if memory.bytesReserved > reserved { sizes.append(memory.bytesReserved - reserved) }
            reserved = memory.bytesReserved
        }
        let kib = 1 << 10
        #expect(sizes == [64, 128, 256, 512, 1024, 2048, 2048, 2048, 2048].map { $0 * kib })
    }

    @Test func aScanMeetsEveryRowOnceWhileTheTableGrows() throws {
        let partition = try TablePartition(
            spec: .sample(dimension: 40, initializer: .constant(0)), range: wholeRange)
        let gradient = [Float](repeating: 1, count: 40)
        var seen: [UInt64] = []
        var cursor: ScanCursor? = .start
        var created: UInt64 = 0
        while let from = cursor {
            // The scan gains on the growth until that stops.
            for _ in 0..<(created == 0 ? 500 : 30) where created < 2000 {
                partition.push([created], gradient)
                created += 1
            }
            let rows = partition.scan(from: from, limit: 37)
            #expect(rows.weights.count == 40 * rows.keys.count)
            seen += rows.keys
            cursor = rows.next
        }
        #expect(created == 2000)
        #expect(seen == Array(0..<created))
    }

    @Test(arguments: [0, 1, UInt64(1) << 15, 1 << 31, 1 << 40, .max])
    func aForeignCursorIsHarmless(value: UInt64) throws {
        let partition = try TablePartition(spec: .sample(), range: wholeRange)
        partition.push([1, 2], [Float](repeating: 1, count: 8))
        let rows = partition.scan(from: ScanCursor(value), limit: 10)
        // A row of 64 bytes is two units of a location.
        #expect(rows.keys == (value == 0 ? [1, 2] : value == 1 ? [2] : []))
        #expect(rows.next == nil)
    }

    @Test func atTheRowLimitNewKeysAreRefusedAndOldOnesGoOn() throws {
        let spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(rows: 100))
        let keys = (0..<150).map { UInt64($0) }
        let ones = [Float](repeating: 1, count: 150)
        let first = partition.push(keys, ones)
        #expect(first.applied == 100 && first.created == 100 && first.refusedAtLimit == 50)
        let second = partition.push(keys, ones)
        #expect(second.applied == 100 && second.created == 0 && second.refusedAtLimit == 50)
        #expect(partition.rowCount == 100)
        #expect(partition.pull(keys) == keys.map { $0 < 100 ? -2 : 0 })
        #expect(partition.counters.refusedAtLimit == 100)
    }

    /// However few rows are left, a slice of work looks at so many places and no more.
    @Test func aVisitLooksAtNoMorePlacesThanAllowed() throws {
        let partition = try TablePartition(spec: .sample(dimension: 1), range: wholeRange)
        let keys = (0..<1000).map { UInt64($0) }
        partition.push(keys, [Float](repeating: 1, count: 1000))
        partition.removeKeys(Array(keys[..<900]))
        var (cursor, visits, seen) = (Optional(UInt64(0)), 0, [UInt64]())
        while let start = cursor {
            cursor = partition.store.chunks.visit(from: start, limit: 60, placeLimit: 100) {
                seen.append($1.header.pointee.key)
            }
            visits += 1
        }
        #expect(seen == Array(keys[900...]))
        // Nine for the gap, then by the limit of rows.
        #expect(visits == 11)
    }

    @Test func slicesOfCompactionEndWithNothingLost() throws {
        let partition = try TablePartition(
            spec: .sample(dimension: 1, initializer: .constant(0), rate: 1), range: wholeRange)
        let keys = (0..<40_000).map { UInt64($0) }
        partition.push(keys, [Float](repeating: -1, count: 40_000))
        // What stays is thin, at the ends of chunks above all.
        let kept = keys.filter { $0 % 97 == 0 || $0 % 10_000 > 9_900 }
        partition.removeKeys(keys.filter { $0 % 97 != 0 && $0 % 10_000 <= 9_900 })
        let before = partition.bytesReserved
        var slices = 0
        while slices < 10_000, partition.compact(rowLimit: 16) { slices += 1 }
        #expect(slices < 10_000)
        // The chunk for new rows stays.
        #expect(partition.bytesReserved < before / 2)
        #expect(partition.rowCount == kept.count && partition.pull(kept).allSatisfy { $0 == 1 })
    }

    /// Rows make room for others also where it is their keys that have none.
    @Test func whereRowsRetireNewKeysGoOnComingIn() throws {
        var spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rate: 1)
        spec.storage.atLimit = .retire
        let pool = BlockPool(byteLimit: 4 * BlockPool.page)
        let partition = try TablePartition(spec: spec, range: wholeRange, pool: pool)
        let ones = [Float](repeating: 1, count: 500)
        var refused = 0
        for batch in 0..<1000 as Range<UInt64> {
            let outcome = partition.push((0..<500).map { batch * 500 + $0 }, ones)
            refused += outcome.refusedAtLimit
        }
        #expect(partition.counters.retired > 300_000)
        #expect(refused < 500_000 / 100)
        #expect(pool.bytesReserved <= pool.byteLimit)
    }

    @Test(arguments: [0, 4096, 100_000, 300_000, 1_000_000, 7_000_000])
    func theByteLimitIsNeverPassed(limit: Int) throws {
        let spec = TableSpec.sample(dimension: 8, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(bytes: limit))
        let ones = [Float](repeating: 1, count: 8 * 500)
        var refused = 0
        for batch in 0..<100 as Range<UInt64> where refused == 0 {
            let outcome = partition.push((0..<500).map { batch * 500 + $0 }, ones)
            refused = outcome.refusedAtLimit
            #expect(partition.bytesReserved <= limit)
        }
        // 50,000 rows of 64 bytes and their index fit in 7 MB only.
        #expect((refused > 0) == (limit < 7_000_000))
        let rows = partition.rowCount
        #expect(partition.push((0..<500).map { $0 }, ones).applied == Swift.min(rows, 500))
        #expect(partition.scanAll(limit: 1000).keys == (0..<rows).map { UInt64($0) })
    }
}
