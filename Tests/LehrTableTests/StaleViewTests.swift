import LehrCore
import Testing

@testable import LehrTable

/// Pushes during which memory moves that others of their keys are looked for in.
@Suite struct StaleViewTests {
    /// The table of chunks grows from 16 to 32, and from 32 to 64, in the middle of a push.
    @Test func theTableOfChunksGrowsWithinAPush() throws {
        let dimension = 4000
        let spec = TableSpec.sample(dimension: dimension, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        // Each key comes again at once, in the next group, and much later.
        let keys = (0..<4500).flatMap { [UInt64($0), UInt64($0), UInt64(max(0, $0 - 6))] }
        let gradient = [Float](repeating: -1, count: dimension)
        for start in stride(from: 0, to: keys.count, by: 1500) {
            let part = Array(keys[start..<start + 1500])
            partition.push(part, part.flatMap { _ in gradient })
        }
        #expect(partition.store.chunks.chunks.count > 32)
        var expected: [UInt64: Float] = [:]
        for key in keys { expected[key, default: 0] += 1 }
        for key in 0..<4500 as Range<UInt64> {
            #expect(partition.pull([key]) == [Float](repeating: expected[key]!, count: dimension))
        }
        #expect(partition.store.indexFaults == [])
    }

    /// FAILS (already before the index's new layout): the directory's memory is counted as reserved,
    /// but taken without asking whether the limit allows it.
    @Test func theByteLimitHoldsForTheDirectoryToo() throws {
        let limit = 2 * BlockPool.smallestBlock
        let spec = TableSpec.sample(dimension: 8, initializer: .constant(0), rate: 1)
        let partition = try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(bytes: limit))
        partition.push((0..<500).map { $0 }, [Float](repeating: 1, count: 8 * 500))
        #expect(partition.bytesReserved <= limit)
    }
}
