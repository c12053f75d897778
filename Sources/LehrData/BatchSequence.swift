/// The batches of one part: a block in a fixed order, cut into runs of `batchSize` examples, the
/// last possibly shorter. Any batch can be had at once, and is the same each time.
package struct BatchSequence: Sendable {
    package let block: Block
    package let batchSize: Int
    /// Positions of examples; empty for the order of the file.
    private let order: [UInt32]

    /// The training order of a part: shuffled by the job's seed, the epoch and the file's position.
    package init(block: Block, batchSize: Int, seed: UInt64, epoch: UInt64, file: Int) {
        self.init(
            block: block, batchSize: batchSize,
            order: localShuffle(count: block.count, seed: seed, epoch: epoch, file: file))
    }

    /// The order of the file, for evaluation.
    package init(inFileOrder block: Block, batchSize: Int) {
        self.init(block: block, batchSize: batchSize, order: [])
    }

    init(block: Block, batchSize: Int, order: [UInt32]) {
        precondition(batchSize > 0, "a batch has at least one example")
        precondition(order.isEmpty || order.count == block.count, "an order names every example")
        self.block = block
        self.batchSize = batchSize
        self.order = order
    }

    package var batchCount: Int { Self.batchCount(examples: block.count, batchSize: batchSize) }

    /// Batches that a number of examples is cut into.
    package static func batchCount(examples: Int, batchSize: Int) -> Int {
        examples / batchSize + (examples % batchSize == 0 ? 0 : 1)
    }

    /// Batch `number` (from 0), with the distinct keys of each column.
    package func batch(_ number: Int, scratch: DistinctScratch) -> Batch {
        precondition((0..<batchCount).contains(number), "no such batch")
        let first = number * batchSize
        let examples = positions(first..<min(first + batchSize, block.count))
        return Batch(
            count: examples.count,
            columns: block.columns.map { $0.gather(examples, scratch: scratch) },
            labels: block.labels.isEmpty ? [] : examples.map { block.labels[$0] })
    }

    private func positions(_ range: Range<Int>) -> [Int] {
        order.isEmpty ? Array(range) : order[range].map { Int($0) }
    }
}

extension BlockColumn {
    /// The entries of `examples`, in that order, over their distinct keys.
    func gather(_ examples: [Int], scratch: DistinctScratch) -> FeatureColumn {
        var offsets: [Int32] = []
        offsets.reserveCapacity(examples.count + 1)
        offsets.append(0)
        var entries = 0
        for example in examples {
            entries += range(of: example).count
            offsets.append(Int32(entries))
        }
        var weights: [Float] = []
        if !values.isEmpty {
            weights.reserveCapacity(entries)
            for example in examples { weights.append(contentsOf: values[range(of: example)]) }
        }
        let (distinct, indices) = number(examples, entries: entries, scratch: scratch)
        return FeatureColumn(
            name: name, distinct: distinct, offsets: offsets, indices: indices, values: weights)
    }

    /// The distinct keys of `examples` and each entry's position among them.
    private func number(
        _ examples: [Int], entries: Int, scratch: DistinctScratch
    ) -> (distinct: [UInt64], indices: [Int32]) {
        let gathered = [UInt64](unsafeUninitializedCapacity: entries) { buffer, initialized in
            for example in examples {
                for entry in range(of: example) {
                    buffer[initialized] = keys[entry]
                    initialized += 1
                }
            }
        }
        var indices: [Int32] = []
        let distinct = [UInt64](unsafeUninitializedCapacity: entries) { distinct, distinctCount in
            indices = [Int32](unsafeUninitializedCapacity: entries) { numbers, initialized in
                initialized = entries
                guard entries > 0, let numbers = numbers.baseAddress,
                    let distinct = distinct.baseAddress
                else { return }
                distinctCount = gathered.withUnsafeBufferPointer { gathered in
                    scratch.number(gathered, distinct: distinct, numbers: numbers)
                }
            }
        }
        return (distinct, indices)
    }
}
