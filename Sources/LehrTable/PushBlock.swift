import LehrCore

/// What is pushed: keys, gradients and counts, at any address.
struct PushBatch {
    /// Position of the first key in the push.
    var first = 0
    let count: Int
    let words: UnsafeRawPointer
    let keyBytes: Int
    let gradients: UnsafeRawPointer
    let gradientBytes: Int
    let shows: PackedElements<Float>?
    let clicks: PackedElements<Float>?
    let now: UInt32

    /// The keys at `range` of these.
    func part(_ range: Range<Int>) -> PushBatch {
        PushBatch(
            first: first + range.lowerBound, count: range.count, words: key(range.lowerBound),
            keyBytes: keyBytes, gradients: gradient(range.lowerBound),
            gradientBytes: gradientBytes, shows: shows?.part(range), clicks: clicks?.part(range),
            now: now)
    }

    @inline(__always)
    func key(_ i: Int) -> UnsafeRawPointer { words + i &* keyBytes }

    @inline(__always)
    func gradient(_ i: Int) -> UnsafeRawPointer { gradients + i &* gradientBytes }

    /// The keys at `range` of these, with what is known of their rows.
    func block(_ range: Range<Int>, _ located: LocatedRows) -> PushBlock {
        PushBlock(
            batch: part(range), hashes: located.hashes,
            rows: UnsafeMutableBufferPointer(start: located.rows, count: range.count))
    }
}

/// What has become of the keys of a push so far; the partitions come one after the other.
struct PushProgress {
    /// Keys after which those that were refused are tried again.
    static let most = 64

    /// Of keys that are done with.
    private(set) var total = PushOutcome()
    /// Of the others.
    var outcome = PushOutcome()
    /// Keys handled since refused ones were tried again.
    var count = 0
    /// Positions in the batch of keys for which there was no room.
    var refused: [Int] = []

    mutating func finish() {
        total.add(outcome)
        outcome = PushOutcome()
        count = 0
        refused.removeAll(keepingCapacity: true)
    }
}

/// Keys of one partition, few enough that their rows stay in the first cache, and what is pushed to
/// them.
struct PushBlock {
    let batch: PushBatch
    let hashes: UnsafePointer<UInt64>
    var rows: UnsafeMutableBufferPointer<RowPointer?>

    var count: Int { batch.count }

    /// The keys at `range` of these.
    func part(_ range: Range<Int>) -> PushBlock {
        PushBlock(
            batch: batch.part(range), hashes: hashes + range.lowerBound,
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
}

/// The hashes of a few keys, and the rows that they have.
struct LocatedRows {
    let hashes: UnsafeMutablePointer<UInt64>
    let rows: UnsafeMutablePointer<RowPointer?>

    /// Memory for a number of them, for as long as `body` runs; nothing is in it.
    @inline(__always)
    static func with<Result>(count: Int, _ body: (LocatedRows) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { hashes in
            withUnsafeTemporaryAllocation(of: RowPointer?.self, capacity: count) { rows in
                body(
                    LocatedRows(
                        hashes: hashes.baseAddress.unsafelyUnwrapped,
                        rows: rows.baseAddress.unsafelyUnwrapped))
            }
        }
    }
}
