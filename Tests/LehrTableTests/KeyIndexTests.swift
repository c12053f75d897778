import LehrCore
import Testing

@testable import LehrTable

@Suite struct KeyIndexTests {
    /// A partition of rows with one value, which is their key's position in `keys`.
    private func filled(
        _ keys: [UInt64], range: BucketRange = wholeRange
    ) throws -> TablePartition {
        let spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(spec: spec, range: range)
        partition.push(keys, keys.indices.map { -Float($0) })
        return partition
    }

    @Test(arguments: [0, 1, 2, 3])
    func tagsThatMeanSomethingElseAreMovedOutOfTheWay(low: UInt64) {
        let moved: UInt64 = 1 << 30
        #expect(KeyIndex.tag(0xFFFF_FFFF_8000_0000 | low) == UInt32(low < 2 ? moved | low : low))
    }

    @Test func keysOfOneBucketSpillOverAndAreFound() throws {
        // The last bucket of its segment: what spills over wraps around. The segment splits twice.
        let keys = (0..<2600).map { unmixed(127 << 32 | UInt64($0) << 1) }
        let partition = try filled(keys)
        #expect(partition.store.index.segmentCount > 3)
        #expect(partition.pull(keys) == keys.indices.map { Float($0) })
        let absent = (2600..<2700).map { unmixed(127 << 32 | UInt64($0) << 1) }
        #expect(partition.pull(absent) == absent.map { _ in 0 })
        // What went makes room at home for others, which must be found all the same.
        #expect(partition.removeKeys(Array(keys[..<1300])) == 1300)
        #expect(partition.push(absent, absent.map { _ in -1 }).created == 100)
        #expect(partition.pull(absent) == absent.map { _ in 1 })
        #expect(partition.pull(Array(keys[1300...])) == (1300..<2600).map { Float($0) })
    }

    @Test func keysThatAgreeInAllDirectoryBitsFillOneSegmentAndNoMore() throws {
        let keys = (0..<1100).map { unmixed(UInt64($0 + 7) << 26 | 0xABCDEF) }
        let partition = try filled([])
        let outcome = partition.push(keys, keys.indices.map { -Float($0) })
        #expect(outcome.created == KeyIndex.fullCount)
        #expect(outcome.refusedAtLimit == 1100 - KeyIndex.fullCount)
        let expected = keys.indices.map { $0 < KeyIndex.fullCount ? Float($0) : 0 }
        #expect(partition.pull(keys) == expected)
        // The directory did not grow much with them: 64 entries a segment are the most.
        let depth = partition.store.index.directory.depth
        #expect(1 << depth <= 128 * partition.store.index.segmentCount)
        // Other keys go on, but for the few that belong to that segment.
        let others = (0..<5000).map { UInt64($0) }
        #expect(partition.push(others, others.map { _ in -1 }).created > 4950)
        #expect(partition.pull(keys) == expected)
    }

    @Test func aSegmentSplitsAtFourFifths() throws {
        let partition = try filled((0..<100_000).map { UInt64($0) })
        let numbers = partition.store.index.segments.indices
        let counts = numbers.map { partition.store.index.count($0) }
        #expect(counts.allSatisfy { $0 <= KeyIndex.splitCount })
        #expect(counts.reduce(0, +) == 100_000)
        #expect(counts.count >= 100_000 / KeyIndex.splitCount)
        #expect(Set(numbers.map { partition.store.index.segments[$0].depth }).count <= 3)
    }

    @Test func segmentsFillAnyNumberOfBlocks() {
        let source = PartitionMemory(pool: BlockPool(), byteLimit: .max)
        var memory = SegmentMemory()
        var sizes: [Int] = []
        var number = 0
        while sizes.count < 70 {
            let reserved = source.bytesReserved
            #expect(memory.take(for: number, from: source) != nil)
            number += 1
            if source.bytesReserved > reserved { sizes.append(source.bytesReserved - reserved) }
        }
        #expect(Array(sizes.prefix(6)) == [64, 128, 256, 512, 1024, 2048].map { $0 << 10 })
        #expect(sizes.dropFirst(5).allSatisfy { $0 == BlockPool.page })
        memory.release(to: source)
        #expect(source.bytesReserved == 0)
    }

    @Test func memoryAnEntryStaysWithinItsBounds() throws {
        let spec = TableSpec.sample(dimension: 1, initializer: .constant(0))
        let partition = try TablePartition(spec: spec, range: wholeRange)
        var next: UInt64 = 0
        var costs: [Double] = []
        // From 200,000 to 400,000 entries: over one doubling.
        while next < 400_000 {
            let keys = (next..<next + 2000).map { $0 }
            partition.push(keys, keys.map { _ in 0 })
            next += 2000
            guard next >= 200_000 else { continue }
            costs.append(Double(partition.store.index.bytesUsed) / Double(next))
        }
        let mean = costs.reduce(0, +) / Double(costs.count)
        #expect(mean <= 15, "bytes an entry on average")
        #expect(costs.allSatisfy { $0 <= 21 })
    }

    @Test(arguments: [0, 3, 16])
    func aPartitionsPrefixIsNoDirectoryBit(bits: Int) throws {
        let range = BucketRange.even(bits: bits)[(1 << bits) - 1]
        var random = RandomSource(seed: 4)
        let prefix = bits == 0 ? 0 : UInt64.max << UInt64(64 - bits)
        let keys = (0..<20_000).map { _ in unmixed(random.next() >> UInt64(bits) | prefix) }
        let partition = try filled(keys, range: range)
        #expect(partition.firstKeyOutside(keys) == nil)
        #expect(partition.pull(keys) == keys.indices.map { Float($0) })
        #expect(partition.rowCount == 20_000)
    }

    @Test func removedEntriesLeaveNoTrace() throws {
        let keys = (0..<50_000).map { UInt64($0) }
        let partition = try filled(keys)
        let segments = partition.store.index.segmentCount
        for _ in 0..<3 {
            #expect(partition.removeKeys(Array(keys[1000...])) == 49_000)
            #expect(partition.removeKeys([keys[2000], 1 << 60]) == 0)
            #expect(partition.rowCount == 1000)
            #expect(partition.store.index.segmentCount <= segments / 16)
            #expect(partition.pull(Array(keys[..<1000])) == (0..<1000).map { Float($0) })
            #expect(partition.pull(Array(keys[1000...])).allSatisfy { $0 == 0 })
            partition.push(Array(keys[1000...]), (1000..<50_000).map { -Float($0) })
            #expect(partition.store.index.segmentCount <= 2 * segments)
        }
        #expect(partition.pull(keys) == keys.indices.map { Float($0) })
        #expect(partition.counters.removed == 3 * 49_000)
    }
}
