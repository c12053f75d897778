import LehrCore
import LehrTable

/// A table on one core, in some partitions: AdaGrad over `TableStage.dimension` floats, unless said
/// otherwise.
final class BenchTable {
    /// A row of absl's table: header, weight and state to whole cache lines.
    static let abslStride = 192

    let spec: TableSpec
    let pool: BlockPool
    let partitions: [TablePartition]
    private let bits: Int

    static let spec = TableSpec(
        name: "bench", keys: .hashed, dimension: TableStage.dimension,
        initializer: .uniform(low: -0.05, high: 0.05),
        optimizer: Optimizer(rule: .adagrad(initialAccumulator: 0.1), learningRate: 0.05), seed: 1)

    /// - Parameter expecting: rows for which memory is made ready beforehand.
    init(partitions count: Int, expecting rows: Int, spec: TableSpec = spec) throws {
        self.spec = spec
        bits = count.trailingZeroBitCount
        let pool = BlockPool(sparePages: .max)
        self.pool = pool
        // Rows and index, and up to two chunks of each partition that are not full.
        pool.prepare(byteCount: rows * 184 + count * (4 << 20))
        partitions = try BucketRange.even(bits: bits).map {
            try TablePartition(spec: spec, range: $0, pool: pool)
        }
    }

    /// A batch as it comes to a shard: its keys grouped by partition.
    struct Batch {
        let keys: [UInt64]
        let runs: [PartitionRun]
    }

    func batch(_ keys: some Collection<UInt64>) -> Batch {
        guard bits > 0 else {
            return Batch(
                keys: Array(keys), runs: [PartitionRun(partitions[0], 0..<keys.count)])
        }
        var groups = [[UInt64]](repeating: [], count: partitions.count)
        for key in keys { groups[Int(mixed(key) >> UInt64(64 - bits))].append(key) }
        var grouped: [UInt64] = []
        var runs: [PartitionRun] = []
        for (partition, group) in zip(partitions, groups) where !group.isEmpty {
            runs.append(PartitionRun(partition, grouped.count..<grouped.count + group.count))
            grouped += group
        }
        return Batch(keys: grouped, runs: runs)
    }

    func batches(_ batches: KeyBatches) -> [Batch] {
        stride(from: 0, to: batches.keys.count, by: batches.size).map {
            batch(batches.keys[$0..<$0 + batches.size])
        }
    }

    /// Creates the rows of a stream's keys.
    func fill(_ stream: KeyStream) {
        let gradients = [Float](
            repeating: 0.01, count: TableStage.batchCount * spec.dimension)
        for start in stride(from: 0, to: stream.rowCount, by: TableStage.batchCount) {
            let end = min(start + TableStage.batchCount, stream.rowCount)
            push(batch((start..<end).map { stream.key(ofRow: $0) }), gradients)
        }
    }

    func pull(_ batch: Batch, into rows: inout [Float]) {
        batch.keys.withUnsafeBufferPointer { keys in
            rows.withUnsafeMutableBytes { rows in
                TablePartition.pull(
                    batch.runs, keys: PackedElements(keys),
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: rows[..<(4 * keys.count * spec.dimension)]))
            }
        }
    }

    func push(_ batch: Batch, _ gradients: [Float]) {
        batch.keys.withUnsafeBufferPointer { keys in
            gradients.withUnsafeBufferPointer { gradients in
                _ = TablePartition.push(
                    batch.runs, keys: PackedElements(keys),
                    gradients: PackedElements(gradients).part(0..<keys.count * spec.dimension),
                    now: 1)
            }
        }
    }

    /// Where the rows of a batch are.
    func addresses(_ batch: Batch) -> [UnsafeMutableRawPointer] {
        batch.runs.flatMap { run in
            batch.keys[run.keys].compactMap { run.partition.address(of: $0) }
        }
    }

    var rowCount: Int { partitions.reduce(0) { $0 + $1.rowCount } }
    var bytesUsed: Int { partitions.reduce(0) { $0 + $1.bytesUsed } }
    var bytesReserved: Int { partitions.reduce(0) { $0 + $1.bytesReserved } }
}
