import LehrCore
import Testing

@testable import LehrData

@Suite struct BatchSequenceTests {
    private let scratch = DistinctScratch()

    private func pairs(_ count: Int) -> Block {
        Block(
            file: "f", count: count,
            columns: [
                BlockColumn(
                    name: "user", offsets: [], keys: (0..<count).map { UInt64($0) }, values: []),
                BlockColumn(
                    name: "item", offsets: [], keys: (0..<count).map { UInt64($0 % 7) }, values: []),
            ], labels: [])
    }

    @Test func shuffleIsAPermutationOfItsSeedEpochAndFile() {
        let order = localShuffle(count: 1000, seed: 1, epoch: 2, file: 3)
        #expect(order.sorted() == (0..<1000).map { UInt32($0) })
        #expect(order == localShuffle(count: 1000, seed: 1, epoch: 2, file: 3))
        #expect(order != localShuffle(count: 1000, seed: 2, epoch: 2, file: 3))
        #expect(order != localShuffle(count: 1000, seed: 1, epoch: 3, file: 3))
        #expect(order != localShuffle(count: 1000, seed: 1, epoch: 2, file: 4))
        #expect(localShuffle(count: 0, seed: 1, epoch: 2, file: 3).isEmpty)
    }

    @Test func shuffleIsUnbiased() {
        // Each of 5 examples comes first 2000 times of 10,000; 5 standard deviations are 200.
        var first = [Int](repeating: 0, count: 5)
        for seed in 0..<10_000 {
            first[Int(localShuffle(count: 5, seed: UInt64(seed), epoch: 0, file: 0)[0])] += 1
        }
        #expect(first.allSatisfy { abs($0 - 2000) < 200 })
    }

    @Test func batchesCoverEveryExampleOnce() {
        let sequence = BatchSequence(block: pairs(103), batchSize: 10, seed: 1, epoch: 0, file: 0)
        #expect(sequence.batchCount == 11)
        var users: [UInt64] = []
        for number in 0..<sequence.batchCount {
            let batch = sequence.batch(number, scratch: scratch)
            #expect(batch.count == (number == 10 ? 3 : 10))
            users += batch.columns[0].distinct
        }
        #expect(users.sorted() == (0..<103).map { UInt64($0) })
        #expect(users != users.sorted())
    }

    @Test func aBatchIsTheSameInAnyOrderOfAsking() {
        let sequence = BatchSequence(block: pairs(500), batchSize: 64, seed: 9, epoch: 4, file: 2)
        let forward = (0..<8).map { sequence.batch($0, scratch: scratch) }
        let other = DistinctScratch()
        for number in (0..<8).reversed() {
            #expect(sequence.batch(number, scratch: other) == forward[number])
        }
    }

    @Test func distinctKeysAreInOrderOfFirstOccurrence() {
        let block = Block(
            file: "f", count: 3,
            columns: [
                BlockColumn(
                    name: "features", offsets: [0, 2, 2, 5], keys: [8, 3, 3, 5, 8],
                    values: [1, 2, 3, 4, 5])
            ], labels: [1, 0, 1])
        let batch = BatchSequence(inFileOrder: block, batchSize: 3).batch(0, scratch: scratch)
        #expect(
            batch
                == Batch(
                    count: 3,
                    columns: [
                        FeatureColumn(
                            name: "features", distinct: [8, 3, 5], offsets: [0, 2, 2, 5],
                            indices: [0, 1, 1, 2, 0], values: [1, 2, 3, 4, 5])
                    ], labels: [1, 0, 1]))
    }

    @Test func distinctKeysEqualADictionarysForRandomBatches() {
        var random = RandomSource(seed: 3)
        for _ in 0..<50 {
            let count = 1 + random.below(3000)
            let range = UInt64(1 + random.below(4000))
            let keys = (0..<count).map { _ in random.next() % range &* 0x1_0000_0001 }
            let block = Block(
                file: "f", count: count,
                columns: [BlockColumn(name: "user", offsets: [], keys: keys, values: [])],
                labels: [])
            let column = BatchSequence(inFileOrder: block, batchSize: count)
                .batch(0, scratch: scratch).columns[0]
            var numbers: [UInt64: Int32] = [:]
            for key in keys where numbers[key] == nil { numbers[key] = Int32(numbers.count) }
            #expect(column.indices == keys.compactMap { numbers[$0] })
            #expect(column.indices.map { column.distinct[Int($0)] } == keys)
            #expect(column.distinct.count == numbers.count)
        }
    }
}
