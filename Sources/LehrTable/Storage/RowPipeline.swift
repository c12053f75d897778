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
        let keyBytes = keys.byteCount
        if keys.isWide {
            run(words, runs, from: 0, near, RowKeys(.bits128)) { part in
                part.forEach(RowKeys(.bits128)) { body($0, words + keyBytes &* $0, $1) }
                return true
            }
        } else {
            run(words, runs, from: 0, near, RowKeys(.bits64)) { part in
                part.forEach(RowKeys(.bits64)) { body($0, words + 8 &* $0, $1) }
                return true
            }
        }
    }

    /// Hands the rows of a few keys at a time to `body`: the position of their run, theirs, and a buffer
    /// of as many rows or nils.
    ///
    /// `body` may change the run's store, and returns false when that has made views stale; this then
    /// ends at once. Returns how many keys are done with, in the order of the runs: where to go
    /// on from, with views that are new.
    @inline(__always)
    static func forEachPart(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<Run>, from first: Int, near: Int,
        _ body: (Int, Range<Int>, UnsafeMutableBufferPointer<RowPointer?>) -> Bool
    ) -> Int {
        guard let keys = runs.first?.view.keys else { return 0 }
        return withUnsafeTemporaryAllocation(of: RowPointer?.self, capacity: groupCount) { rows in
            run(words, runs, from: first, near, keys) { part in
                part.forEach(keys) { rows[$0 &- part.keys.lowerBound] = $1 }
                let rows = UnsafeMutableBufferPointer(rebasing: rows[..<part.keys.count])
                return body(part.run, part.keys, rows)
            }
        }
    }

    /// The keys of a group that are of one run.
    private struct Part {
        let run: Int
        let view: StoreView
        let words: UnsafeRawPointer
        let keys: Range<Int>
        let pending: UnsafeMutablePointer<Pending>

        /// Hands over each key's position and its row.
        @inline(__always)
        func forEach(_ layout: RowKeys, _ body: (Int, RowPointer?) -> Void) {
            var pending = pending
            for position in keys {
                let key = words + layout.byteCount &* position
                var row = pending.pointee.row
                if let found = row, !layout.matches(found, key) {
                    row = view.find(key, layout.hash(key))?.row
                }
                body(position, row)
                pending += 1
            }
        }
    }

    @discardableResult
    @inline(__always)
    private static func run(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<Run>, from start: Int, _ near: Int,
        _ keys: RowKeys, _ body: (Part) -> Bool
    ) -> Int {
        let count = runs.reduce(0) { $0 + $1.keys.count }
        guard start < count else { return start }
        return withUnsafeTemporaryAllocation(of: Pending.self, capacity: groups * groupCount) {
            let ring = $0.baseAddress.unsafelyUnwrapped
            var first = Cursor(runs, start..<count, words, ring)
            var second = first
            var third = first
            for step in 0..<2 * lag {
                _ = first.forGroup { askForBuckets($0, keys) }
                if step >= lag { _ = second.forGroup { askForRows($0, near) } }
            }
            while third.next < count {
                _ = first.forGroup { askForBuckets($0, keys) }
                _ = second.forGroup { askForRows($0, near) }
                guard third.forGroup(body) else { break }
            }
            return third.next
        }
    }

    @inline(__always)
    private static func askForBuckets(_ part: Part, _ keys: RowKeys) -> Bool {
        var pending = part.pending
        for position in part.keys {
            let hash = keys.hash(part.words + keys.byteCount &* position)
            let bucket = part.view.index.bucket(hash)
            lehr_prefetch(bucket)
            pending.pointee.bucket = bucket
            pending.pointee.tag = KeyIndex.tag(hash)
            pending += 1
        }
        return true
    }

    @inline(__always)
    private static func askForRows(_ part: Part, _ near: Int) -> Bool {
        var pending = part.pending
        for _ in part.keys {
            let row = part.view.candidate(pending.pointee.bucket, pending.pointee.tag)
            pending.pointee.row = row
            pending += 1
            guard let row else { continue }
            lehr_prefetch(row)
            var line = 64
            while line < near {
                lehr_prefetch(row + line)
                line &+= 64
            }
        }
        return true
    }

    /// Goes over the positions of the runs, a group at a time.
    private struct Cursor {
        private let runs: UnsafeBufferPointer<Run>
        private let words: UnsafeRawPointer
        private let ring: UnsafeMutablePointer<Pending>
        private var view: StoreView
        private var position: Int
        private var end: Int
        private var run = 0
        /// Keys done with, and all.
        private(set) var next: Int
        private let count: Int
        /// The group's place in the ring.
        private var group = 0

        /// For the keys of the runs taken together at `keys`, which is not empty.
        init(
            _ runs: UnsafeBufferPointer<Run>, _ keys: Range<Int>, _ words: UnsafeRawPointer,
            _ ring: UnsafeMutablePointer<Pending>
        ) {
            self.runs = runs
            self.words = words
            self.ring = ring
            next = keys.lowerBound
            count = keys.upperBound
            var before = keys.lowerBound
            while before >= runs[run].keys.count {
                before -= runs[run].keys.count
                run += 1
            }
            view = runs[run].view
            position = runs[run].keys.lowerBound + before
            end = runs[run].keys.upperBound
        }

        /// False, and it has gone no further, when `body` returned false.
        @inline(__always)
        mutating func forGroup(_ body: (Part) -> Bool) -> Bool {
            var pending = ring + group &* groupCount
            group = group == groups - 1 ? 0 : group &+ 1
            var left = Swift.min(groupCount, count &- next)
            while left > 0 {
                if position == end { nextRun() }
                let partCount = Swift.min(left, end &- position)
                let part = Part(
                    run: run, view: view, words: words,
                    keys: Range(uncheckedBounds: (position, position &+ partCount)),
                    pending: pending)
                pending += partCount
                position &+= partCount
                next &+= partCount
                left &-= partCount
                guard body(part) else { return false }
            }
            return true
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
