import LehrCore
import Testing

@testable import LehrBench

@Suite struct RowPermutationTests {
    @Test(arguments: [1, 2, 3, 4, 5, 17, 1000, 1024, 1025])
    func everyPlaceIsTakenOnce(count: Int) {
        var random = RandomSource(seed: 4)
        let permutation = RowPermutation(count: count, random: &random)
        #expect(Set((0..<count).map { permutation[$0] }) == Set(0..<count))
    }

    @Test func neighboursAreScattered() {
        var random = RandomSource(seed: 4)
        let count = 1_000_000
        let permutation = RowPermutation(count: count, random: &random)
        let rows = (0..<1000).map { permutation[$0] }
        // Ten rows in each hundredth, with a standard deviation of three.
        var counts = [Int](repeating: 0, count: 100)
        for row in rows { counts[row / 10_000] += 1 }
        #expect(counts.allSatisfy { $0 < 30 })
        let near = zip(rows, rows.dropFirst()).count { abs($0 - $1) < 1000 }
        #expect(near < 15)
    }
}

@Suite struct KeyStreamTests {
    @Test(arguments: [KeyStream.Law.uniform, .zipf(exponent: 1.05)])
    func batchesAreDistinctKeysOfTheTable(law: KeyStream.Law) {
        var stream = KeyStream(rowCount: 1000, law: law, seed: 9)
        let known = Set((0..<1000).map(stream.key(ofRow:)))
        #expect(known.count == 1000)
        let batches = stream.next(5, batchesOf: 500)
        #expect(batches.keys.count == 2500)
        for start in stride(from: 0, to: 2500, by: 500) {
            let batch = Set(batches.keys[start..<start + 500])
            #expect(batch.count == 500)
            #expect(batch.isSubset(of: known))
        }
    }

    @Test func aSeedSaysAll() {
        func keys(_ seed: UInt64) -> [UInt64] {
            var stream = KeyStream(rowCount: 1000, law: .zipf(exponent: 1.05), seed: seed)
            return stream.next(2, batchesOf: 100).keys
        }
        #expect(keys(1) == keys(1))
        #expect(keys(1) != keys(2))
    }

    @Test func uniformRowsComeEquallyOften() {
        var stream = KeyStream(rowCount: 100, law: .uniform, seed: 3)
        var counts: [UInt64: Int] = [:]
        for key in stream.next(1000, batchesOf: 50).keys { counts[key, default: 0] += 1 }
        // Of a thousand batches each row is in half: six standard deviations are 95.
        #expect(counts.count == 100)
        #expect(counts.values.allSatisfy { abs($0 - 500) < 95 })
    }

    @Test func popularRowsAreTheSameInEveryBatch() {
        var stream = KeyStream(rowCount: 100_000, law: .zipf(exponent: 1.05), seed: 3)
        let batches = (0..<20).map { _ in Set(stream.next(1, batchesOf: 1000).keys) }
        let everywhere = batches.dropFirst().reduce(batches[0]) { $0.intersection($1) }
        // A batch takes some 1500 draws, so that all ranks to about 30 are in each; uniformly none is.
        #expect(everywhere.count > 20)
        #expect(everywhere.count < 200)
    }
}
