import LehrArtifact
import LehrCore
import LehrTable
import LehrTestSupport
import Testing

/// A partition's snapshot on its way through files into other partitions, while pushes go on.
@Suite struct TableSnapshotTests {
    private let spec = TableSpec(
        name: "user", keys: .hashed, dimension: 6, initializer: .uniform(low: -1, high: 1),
        optimizer: Optimizer(
            rule: .adam(beta1: 0.9, beta2: 0.99, epsilon: 1e-8), learningRate: 0.1),
        storage: RowStorage(numbers: .float16, narrow: NarrowRows(width: 2, untilShows: 3)), seed: 9
    )

    private func push(_ partition: TablePartition, _ random: inout RandomSource) {
        let keys = (0..<400).map { _ in mixed(UInt64(random.below(3000))) }
        let gradients = (0..<keys.count * spec.dimension).map { _ in random.uniform() - 0.5 }
        keys.withUnsafeBufferPointer { keys in
            gradients.withUnsafeBufferPointer { gradients in
                let ones = [Float](repeating: 1, count: keys.count)
                ones.withUnsafeBufferPointer { ones in
                    _ = partition.push(
                        keys: PackedElements(keys), gradients: PackedElements(gradients),
                        shows: PackedElements(ones), now: 1)
                }
            }
        }
    }

    private func pull(_ partition: TablePartition, _ keys: [UInt64]) -> [UInt32] {
        var weights = [Float](repeating: .nan, count: keys.count * spec.dimension)
        keys.withUnsafeBufferPointer { keys in
            weights.withUnsafeMutableBufferPointer {
                partition.pull(keys: PackedElements(keys), into: $0)
            }
        }
        return weights.map { $0.bitPattern }
    }

    @Test(arguments: [0, 3])
    func aSnapshotIsOfOneMomentWhereverItIsLoaded(bits: Int) throws {
        let whole = try TablePartition(spec: spec, range: BucketRange.even(bits: 0)[0])
        var random = RandomSource(seed: 3)
        for _ in 0..<20 { push(whole, &random) }
        let keys = (0..<3000).map { mixed(UInt64($0)) }
        let expected = pull(whole, keys)
        let rowCount = whole.rowCount

        let disk = MemoryDisk()
        let writer = try TableSnapshotWriter(
            target: "/user", format: spec.rowFormat, segmentBytesMax: 1 << 20, files: disk)
        whole.beginSnapshot()
        while let images = whole.nextImages(byteLimit: 32 << 10) {
            try writer.append(segment: images.columns(spec.rowFormat))
            push(whole, &random)
        }
        #expect(!whole.hasLostSnapshot)
        try writer.finish(
            description: SnapshotDescription(
                table: spec.name, spec: "user", buckets: .init(first: 0, count: 1 << 16),
                appliedSteps: 20))
        #expect(pull(whole, keys) != expected)

        let reader = try TableSnapshotReader.open("/user", files: disk)
        #expect(reader.rowCount == rowCount && reader.segmentCount > 3)
        let parts = try BucketRange.even(bits: bits).map {
            try TablePartition(spec: spec, range: $0)
        }
        var rows = RowColumns(reader.format)
        for index in 0..<reader.segmentCount {
            try reader.read(segment: index, into: &rows)
            for part in parts { try part.restore(rows) }
        }
        #expect(parts.reduce(0) { $0 + $1.rowCount } == rowCount)
        let restored = keys.flatMap { key in
            pull(parts[bits == 0 ? 0 : Int(mixed(key) >> UInt64(64 - bits))], [key])
        }
        #expect(restored == expected)
    }
}
