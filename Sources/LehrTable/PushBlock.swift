import LehrCore

/// Cuts a push into blocks of keys that are handled together: enough cache misses in flight, few
/// enough rows to stay in the first cache. A block may have keys of several partitions.
struct PushBlocks {
    /// Most keys of a block.
    static let count = 64

    private let runs: [PartitionRun]
    private var run = 0
    private var position = 0
    /// The present block: a part of a run for each partition that it has keys of.
    private(set) var parts: [PartitionRun] = []

    init(_ runs: [PartitionRun]) {
        self.runs = runs
        position = runs.first?.keys.lowerBound ?? 0
        parts.reserveCapacity(Swift.min(runs.count, Self.count))
    }

    /// Goes on to the next block; false at the end.
    mutating func next() -> Bool {
        parts.removeAll(keepingCapacity: true)
        var left = Self.count
        while left > 0, run < runs.count {
            let end = Swift.min(position + left, runs[run].keys.upperBound)
            if position < end { parts.append(PartitionRun(runs[run].partition, position..<end)) }
            left -= end - position
            position = end
            guard position == runs[run].keys.upperBound else { break }
            run += 1
            if run < runs.count { position = runs[run].keys.lowerBound }
        }
        return !parts.isEmpty
    }

    /// Finds the rows of the block's keys, part after part.
    func locate(
        _ words: UnsafeRawPointer, near: Int, into rows: UnsafeMutableBufferPointer<RowPointer?>
    ) {
        TablePartition.withViews(of: parts) { views in
            var next = 0
            RowPipeline.forEach(words, views, near: near) { _, _, row in
                rows.initializeElement(at: next, to: row)
                next &+= 1
            }
        }
    }
}

/// Keys of one partition, few enough that their rows stay in the first cache, and what is pushed to
/// them.
struct PushBlock {
    let count: Int
    let words: UnsafeRawPointer
    let keyBytes: Int
    let gradients: UnsafeRawPointer
    let gradientBytes: Int
    let shows: PackedElements<Float>?
    let clicks: PackedElements<Float>?
    let now: UInt32
    var rows: UnsafeMutableBufferPointer<RowPointer?>

    /// The keys at `range`.
    func part(_ range: Range<Int>) -> PushBlock {
        PushBlock(
            count: range.count, words: key(range.lowerBound), keyBytes: keyBytes,
            gradients: gradient(range.lowerBound), gradientBytes: gradientBytes,
            shows: shows?.part(range), clicks: clicks?.part(range), now: now,
            rows: UnsafeMutableBufferPointer(rebasing: rows[range]))
    }

    /// The first position whose row came before in this block; nil when all differ.
    var firstRepeat: Int? {
        // A bit for each of 128 classes of addresses: rows in different classes differ.
        var seen = SIMD2<UInt64>.zero
        for i in 0..<count {
            guard let row = rows[i] else { continue }
            let place = UInt(bitPattern: row) / UInt(RowShape.alignment) % 128
            let bit = UInt64(1) << UInt64(place % 64)
            if seen[Int(place / 64)] & bit != 0, (0..<i).contains(where: { rows[$0] == row }) {
                return i
            }
            seen[Int(place / 64)] |= bit
        }
        return nil
    }

    @inline(__always)
    func key(_ i: Int) -> UnsafeRawPointer { words + i &* keyBytes }

    @inline(__always)
    func gradient(_ i: Int) -> UnsafeRawPointer { gradients + i &* gradientBytes }
}
