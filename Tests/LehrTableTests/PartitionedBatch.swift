import LehrCore

@testable import LehrTable

/// A push or pull for several partitions, as a shard has it: each partition's keys together, partitions
/// in any order, keys of nobody between them, and partitions without keys.
struct PartitionedBatch {
    private(set) var keys: [UInt64] = []
    private(set) var gradients: [Float] = []
    private(set) var shows: [Float] = []
    private(set) var clicks: [Float] = []
    /// Positions of the partitions and of their keys, in the order of their runs.
    private(set) var runs: [(partition: Int, keys: Range<Int>)] = []
    let hasCounts: Bool
    private let dimension: Int
    private let words: Int

    /// - Parameter badShare: one in so many gradients and counts is no finite number.
    init(
        _ wanted: [[UInt64]], spec: TableSpec, partitions: [TablePartition], badShare: Int,
        _ random: inout RandomSource
    ) {
        hasCounts = spec.storage.narrow != nil || random.below(2) == 0
        dimension = spec.dimension
        words = spec.storage.keyWidth.words
        var order = Array(partitions.indices)
        for i in order.indices { order.swapAt(i, random.below(order.count)) }
        var places: [Range<Int>] = []
        for partition in order {
            if random.below(3) == 0 {
                add([UInt64](repeating: 99, count: words), badShare, &random)
            }
            let start = shows.count
            for key in wanted where partitions[partition].belongsHere(Self.folded(key)) {
                add(key, badShare, &random)
            }
            places.append(start..<shows.count)
        }
        // Runs need not be in the order of their keys.
        runs = Array(zip(order, places)).map { (partition: $0.0, keys: $0.1) }
        for i in runs.indices { runs.swapAt(i, random.below(runs.count)) }
    }

    static func folded(_ key: [UInt64]) -> UInt64 {
        key.count == 1 ? key[0] : foldedKey(key[0], key[1])
    }

    var keyCount: Int { runs.reduce(0) { $0 + $1.keys.count } }

    private mutating func add(_ key: [UInt64], _ badShare: Int, _ random: inout RandomSource) {
        keys += key
        for _ in 0..<dimension { gradients.append(random.uniform() - 0.5) }
        if random.below(badShare) == 0 { gradients[gradients.count - 1] = .nan }
        shows.append(random.below(badShare) == 0 ? .infinity : Float(random.below(3)))
        clicks.append(Float(random.below(2)))
    }

    /// All at once.
    func push(to partitions: [TablePartition], now: UInt32) -> PushOutcome {
        push(runs.map { PartitionRun(partitions[$0.partition], $0.keys) }, 0..<shows.count, now)
    }

    /// One key after the other.
    func pushOneByOne(to partitions: [TablePartition], now: UInt32) -> PushOutcome {
        var total = PushOutcome()
        for run in runs {
            for position in run.keys {
                total.add(
                    push(
                        [PartitionRun(partitions[run.partition], 0..<1)], position..<position + 1,
                        now))
            }
        }
        return total
    }

    private func push(_ runs: [PartitionRun], _ part: Range<Int>, _ now: UInt32) -> PushOutcome {
        keys.withUnsafeBufferPointer { keys in
            gradients.withUnsafeBufferPointer { gradients in
                shows.withUnsafeBufferPointer { shows in
                    clicks.withUnsafeBufferPointer { clicks in
                        TablePartition.push(
                            runs, keys: Self.packed(keys, part, words),
                            gradients: Self.packed(gradients, part, dimension),
                            shows: hasCounts ? Self.packed(shows, part, 1) : nil,
                            clicks: hasCounts ? Self.packed(clicks, part, 1) : nil, now: now)
                    }
                }
            }
        }
    }

    /// What the keys of all runs read as, and NaN for those of none.
    func pull(from partitions: [TablePartition]) -> [Float] {
        var weights = [Float](repeating: .nan, count: gradients.count)
        keys.withUnsafeBufferPointer { keys in
            weights.withUnsafeMutableBytes { weights in
                TablePartition.pull(
                    runs.map { PartitionRun(partitions[$0.partition], $0.keys) },
                    keys: Self.packed(keys, 0..<shows.count, words), into: weights)
            }
        }
        return weights
    }

    /// As above, one key after the other.
    func pullOneByOne(from partitions: [TablePartition]) -> [Float] {
        var weights = [Float](repeating: .nan, count: gradients.count)
        for run in runs {
            for position in run.keys {
                let key = Array(keys[position * words..<(position + 1) * words])
                let weight = partitions[run.partition].pull(key)
                weights.replaceSubrange(
                    position * dimension..<(position + 1) * dimension, with: weight)
            }
        }
        return weights
    }

    private static func packed<Element: BitwiseCopyable>(
        _ elements: UnsafeBufferPointer<Element>, _ part: Range<Int>, _ width: Int
    ) -> PackedElements<Element> {
        PackedElements(elements).part(part.lowerBound * width..<part.upperBound * width)
    }
}
