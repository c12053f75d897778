import LehrCore
import Testing

@testable import LehrTable

@Suite struct RowStoreTests {
    @Test func rowsAreWholeCacheLines() {
        for (rule, dimension, stride) in [
            (Optimizer.Rule.sgd, 1, 64), (.sgd, 8, 64), (.sgd, 9, 128), (.sgd, 16, 128),
            (.adagrad(initialAccumulator: 1), 16, 192),
            (.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), 16, 256),
            (.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), 64, 832),
        ] {
            let layout = RowLayout(spec: .sample(dimension: dimension, rule: rule))
            #expect(layout.stride == stride, "\(rule), dimension \(dimension)")
        }
        let longest = TableSpec.sample(
            dimension: TableSpec.maximumDimension,
            rule: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8))
        #expect(RowLayout(spec: longest).stride <= RowStore.firstChunkBytes)
    }

    @Test func chunksDoubleFrom64KiBTo2MiB() {
        let layout = RowLayout(spec: .sample(dimension: 200))
        var store = RowStore(layout: layout, limits: PartitionLimits())
        var sizes: [Int] = []
        var chunks = 0
        var key: UInt64 = 0
        while chunks < 9 {
            let slots = store.slotCount
            let reserved = store.bytesReserved
            let row = store.insert(key)
            #expect(row != nil)
            key += 1
            if store.chunkCount > chunks {
                let index = (store.slotCount - slots) * 8
                sizes.append(store.bytesReserved - reserved - index)
                chunks = store.chunkCount
            }
        }
        let kib = 1 << 10
        #expect(sizes == [64, 128, 256, 512, 1024, 2048, 2048, 2048, 2048].map { $0 * kib })
        for known in 0..<key {
            let found = store.find(known).map { RowLayout.header(of: $0).pointee.key }
            #expect(found == known)
        }
        let absent = store.find(key)
        #expect(absent == nil)
        let (rows, slots) = (store.rowCount, store.slotCount)
        #expect(rows == Int(key))
        #expect(4 * rows <= 3 * slots)
        let (used, reserved) = (store.bytesUsed, store.bytesReserved)
        #expect(used <= reserved)
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
        #expect(rows.keys == (value < 2 ? [1, 2].suffix(2 - Int(value)) : []))
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

    @Test(arguments: [0, 4096, 100_000, 300_000, 1_000_000, 6_000_000])
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
        // 50,000 rows of 64 bytes and their index fit in 6 MB only.
        #expect((refused > 0) == (limit < 6_000_000))
        let rows = partition.rowCount
        #expect(partition.push((0..<500).map { $0 }, ones).applied == Swift.min(rows, 500))
        #expect(partition.scanAll(limit: 1000).keys == (0..<rows).map { UInt64($0) })
    }
}
