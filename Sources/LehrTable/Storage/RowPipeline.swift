import CLehrKernels

/// Finds the rows of a batch of keys with many cache misses under way at once.
///
/// Keys go in groups through three loops, each `lag` groups ahead of the next: their buckets are asked
/// for, then the rows behind the buckets' tags, and then rows are handed over. (Three short
/// loops, because one loop over all three has more in hand than there are registers.) The keys may
/// be of several partitions, and the pipeline does not run empty between them.
struct RowPipeline {
    /// Keys of one partition: those at `keys` among the batch's.
    struct Run {
        let view: StoreView
        let keys: Range<Int>
    }

    /// Keys of a group: larger ones ask for too much at once, smaller ones cost more than they bring.
    private static let groupCount = 8
    /// Groups between one loop and the next.
    private static let lag = 3
    /// Groups under way at most.
    private static let groups = 2 * lag + 1

    private struct Pending {
        var bucket: UnsafeMutableRawPointer
        var row: RowPointer?
        var tag: UInt32
    }

    /// Hands the row of each key, or nil, to `body`, with the key's position and its words, in the
    /// order of the runs.
    ///
    /// `near` bytes of each row are asked for. Nothing may change a store meanwhile.
    @inline(__always)
    static func forEach(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<Run>, near: Int,
        _ body: (Int, UnsafeRawPointer, RowPointer?) -> Void
    ) {
        guard let keys = runs.first?.view.keys else { return }
        // Keys of one word, nearly all there are, are worth loops of their own.
        if keys.isWide {
            forEach(words, runs, near, RowKeys(.bits128), body)
        } else {
            forEach(words, runs, near, RowKeys(.bits64), body)
        }
    }

    @inline(__always)
    private static func forEach(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<Run>, _ near: Int, _ keys: RowKeys,
        _ body: (Int, UnsafeRawPointer, RowPointer?) -> Void
    ) {
        let stride = keys.byteCount
        let count = runs.reduce(0) { $0 + $1.keys.count }
        withUnsafeTemporaryAllocation(of: Pending.self, capacity: groups * groupCount) { ring in
            let ring = ring.baseAddress.unsafelyUnwrapped
            var first = Cursor(runs, count, ring)
            var second = Cursor(runs, count, ring)
            var third = Cursor(runs, count, ring)
            for step in 0..<2 * lag {
                first.forGroup { askForBucket($0, keys, words + stride &* $2, $1) }
                if step >= lag { second.forGroup { view, at, _ in askForRow(view, at, near) } }
            }
            while !third.isAtEnd {
                first.forGroup { askForBucket($0, keys, words + stride &* $2, $1) }
                second.forGroup { view, at, _ in askForRow(view, at, near) }
                third.forGroup { view, pending, position in
                    let key = words + stride &* position
                    var row = pending.pointee.row
                    if let found = row, !keys.matches(found, key) {
                        row = view.find(key, keys.hash(key))?.row
                    }
                    body(position, key, row)
                }
            }
        }
    }

    @inline(__always)
    private static func askForBucket(
        _ view: StoreView, _ keys: RowKeys, _ key: UnsafeRawPointer,
        _ pending: UnsafeMutablePointer<Pending>
    ) {
        let hash = keys.hash(key)
        let bucket = view.index.bucket(hash)
        lehr_prefetch(bucket)
        pending.pointee.bucket = bucket
        pending.pointee.tag = KeyIndex.tag(hash)
    }

    @inline(__always)
    private static func askForRow(
        _ view: StoreView, _ pending: UnsafeMutablePointer<Pending>, _ near: Int
    ) {
        let row = view.candidate(pending.pointee.bucket, pending.pointee.tag)
        pending.pointee.row = row
        guard let row else { return }
        lehr_prefetch(row)
        var line = 64
        while line < near {
            lehr_prefetch(row + line)
            line &+= 64
        }
    }

    /// Goes over the positions of the runs, a group at a time.
    private struct Cursor {
        private let runs: UnsafeBufferPointer<Run>
        private let ring: UnsafeMutablePointer<Pending>
        private var view: StoreView
        private var position: Int
        private var end: Int
        private var run = 0
        /// Keys to go.
        private var left: Int
        /// The group's place in the ring.
        private var group = 0

        @inline(__always)
        init(
            _ runs: UnsafeBufferPointer<Run>, _ count: Int, _ ring: UnsafeMutablePointer<Pending>
        ) {
            self.runs = runs
            self.ring = ring
            view = runs[0].view
            position = runs[0].keys.lowerBound
            end = runs[0].keys.upperBound
            left = count
        }

        var isAtEnd: Bool { left == 0 }

        @inline(__always)
        mutating func forGroup(
            _ body: (StoreView, UnsafeMutablePointer<Pending>, Int) -> Void
        ) {
            var pending = ring + group &* groupCount
            group = group == groups - 1 ? 0 : group &+ 1
            var groupLeft = Swift.min(groupCount, left)
            left &-= groupLeft
            while groupLeft > 0 {
                if position == end { nextRun() }
                let count = Swift.min(groupLeft, end &- position)
                let last = pending + count
                var at = position
                let view = self.view
                while pending != last {
                    body(view, pending, at)
                    pending += 1
                    at &+= 1
                }
                position = at
                groupLeft &-= count
            }
        }

        @inline(never)
        private mutating func nextRun() {
            repeat { run += 1 } while runs[run].keys.isEmpty
            view = runs[run].view
            position = runs[run].keys.lowerBound
            end = runs[run].keys.upperBound
        }
    }
}
