import LehrCore
import LehrTable
import Testing

@testable import LehrNode

@Suite struct PagePreparerTests {
    /// Whether in time or taken back unfinished, every page arrives; and it ends.
    @Test func itServesPoolsThatComeAndGoAndEnds() throws {
        let preparer = PagePreparer()
        let whole = BucketRange.even(bits: 0)[0]
        let spec = TableSpec(
            name: "t", keys: .hashed, dimension: 64, initializer: .constant(0),
            optimizer: Optimizer(rule: .sgd, learningRate: 1), seed: 1)
        for _ in 0..<3 {
            let pool = BlockPool(byteLimit: 8 * BlockPool.page, preparedPages: 2)
            preparer.serve(pool)
            let partition = try TablePartition(spec: spec, range: whole, pool: pool)
            let keys = (0..<20_000).map { UInt64($0) }
            let gradients = [Float](repeating: -1, count: 64 * keys.count)
            let outcome = keys.withUnsafeBufferPointer { keys in
                gradients.withUnsafeBufferPointer {
                    partition.push(
                        keys: PackedElements(keys), gradients: PackedElements($0), now: 0)
                }
            }
            #expect(outcome.applied == 20_000)
            let rows = partition.scan(from: .start, limit: 20_000)
            #expect(rows.weights.allSatisfy { $0 == 1 })
        }
        preparer.stop()
        // Nobody is there to touch pages; they are had all the same.
        let pool = BlockPool(byteLimit: 8 << 20, preparedPages: 1)
        preparer.serve(pool)
        pool.prepare(byteCount: 4 << 20)
        #expect(pool.bytesReserved == 6 << 20)
    }
}
