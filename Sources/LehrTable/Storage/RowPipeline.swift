import CLehrKernels

/// Finds the rows of a batch of keys with many cache misses under way at once.
///
/// Keys go in groups through three loops, each `lag` groups ahead of the next: their buckets are asked
/// for, then the rows behind the buckets' tags, and then rows are handed over. (Three short
/// loops, because one loop over all three has more in hand than there are registers.) The keys may
/// be of several partitions, and the pipeline does not run empty between them. Where little is done
/// with a row, groups of eight cost least; where much is, groups of four leave fewer times in which nothing
/// is on its way.
struct RowPipeline<let groupCount: Int> {
    /// Groups between one loop and the next: 24 keys.
    private static var lag: Int { 24 / groupCount }
    /// Groups under way at most.
    private static var groups: Int { 2 * lag + 1 }

    private struct Pending {
        var bucket: UnsafeMutableRawPointer
        var row: RowPointer?
        var tag: UInt32
        var hash: UInt64
    }

    /// Hands the row of each key, or nil, to `body`, with the key's position and its words, in the
    /// order of the runs.
    ///
    /// `near` bytes of each row are asked for. Nothing may change a store meanwhile.
    @inline(__always)
    static func forEach(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>, near: Int,
        _ body: (Int, UnsafeRawPointer, RowPointer?) -> Void
    ) {
        guard let keys = runs.first?.view.keys else { return }
        // Keys of one word, nearly all there are, are worth loops of their own.
        let keyBytes = keys.byteCount
        if keys.isWide {
            run(words, runs, from: 0, near, RowKeys(.bits128)) { part in
                part.forEach(RowKeys(.bits128)) { body($0, words + keyBytes &* $0, $2) }
                return true
            }
        } else {
            run(words, runs, from: 0, near, RowKeys(.bits64)) { part in
                part.forEach(RowKeys(.bits64)) { body($0, words + 8 &* $0, $2) }
                return true
            }
        }
    }

    /// Hands the rows of a few keys at a time to `body`: the position of their run, theirs, and a buffer
    /// of as many hashes and rows or nils.
    ///
    /// `body` may change the run's store, and returns false when that has made views stale; this then
    /// ends at once. Returns how many keys are done with, in the order of the runs: where to go
    /// on from, with views that are new.
    @inline(__always)
    static func forEachPart(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>, from first: Int,
        near: Int,
        _ body: (Int, Range<Int>, LocatedRows) -> Bool
    ) -> Int {
        guard let keys = runs.first?.view.keys else { return 0 }
        return LocatedRows.with(count: groupCount) { located in
            run(words, runs, from: first, near, keys) { part in
                part.forEach(keys) { position, hash, row in
                    let place = position &- part.keys.lowerBound
                    (located.hashes + place).initialize(to: hash)
                    (located.rows + place).initialize(to: row)
                }
                return body(part.run, part.keys, located)
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

        /// Hands over each key's position, its hash and its row.
        @inline(__always)
        func forEach(_ layout: RowKeys, _ body: (Int, UInt64, RowPointer?) -> Void) {
            var pending = pending
            for position in keys {
                let key = words + layout.byteCount &* position
                var row = pending.pointee.row
                if let found = row, !layout.matches(found, key) {
                    row = view.find(key, pending.pointee.hash)?.row
                }
                body(position, pending.pointee.hash, row)
                pending += 1
            }
        }
    }

    @discardableResult
    @inline(__always)
    private static func run(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>, from start: Int,
        _ near: Int,
        _ keys: RowKeys, _ body: (Part) -> Bool
    ) -> Int {
        let count = runs.reduce(0) { $0 + $1.keys.count }
        guard start < count else { return start }
        return withPending { ring, deferred in
            var deferred = Deferred(deferred)
            var first = Cursor(runs, start..<count, words, ring)
            var second = first
            var third = first
            for step in 0..<2 * lag {
                _ = first.forGroup { askForBuckets($0, keys) }
                deferred.finish(near)
                if step >= lag { _ = second.forGroup { askForRows($0, near, &deferred) } }
            }
            while third.next < count {
                _ = first.forGroup { askForBuckets($0, keys) }
                deferred.finish(near)
                _ = second.forGroup { askForRows($0, near, &deferred) }
                guard third.forGroup(body) else { break }
            }
            return third.next
        }
    }

    @inline(__always)
    private static func withPending(
        _ body: (
            UnsafeMutablePointer<Pending>,
            UnsafeMutablePointer<DeferredKey>
        ) -> Int
    ) -> Int {
        withUnsafeTemporaryAllocation(of: Pending.self, capacity: groups * groupCount) { ring in
            withUnsafeTemporaryAllocation(
                of: DeferredKey.self, capacity: groupCount
            ) { deferred in
                body(
                    ring.baseAddress.unsafelyUnwrapped, deferred.baseAddress.unsafelyUnwrapped)
            }
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
            pending.pointee.hash = hash
            pending += 1
        }
        return true
    }

    /// Asks for the rows of a part's keys; puts off those whose bucket is full of others, to when the
    /// bucket behind it has come.
    @inline(__always)
    private static func askForRows(_ part: Part, _ near: Int, _ deferred: inout Deferred) -> Bool {
        var pending = part.pending
        for _ in part.keys {
            switch part.view.candidate(pending.pointee.bucket, pending.pointee.tag) {
            case .row(let row):
                pending.pointee.row = row
                prefetch(row, near)
            case .none:
                pending.pointee.row = nil
            case .farther:
                deferred.add(pending, part.view)
            }
            pending += 1
        }
        return true
    }

    @inline(__always)
    private static func prefetch(_ row: RowPointer, _ near: Int) {
        lehr_prefetch(row)
        var line = 64
        while line < near {
            lehr_prefetch(row + line)
            line &+= 64
        }
    }

    private struct DeferredKey {
        let pending: UnsafeMutablePointer<Pending>
        let view: StoreView
    }

    /// Keys of the last group whose rows are to be looked for farther on.
    private struct Deferred {
        private let keys: UnsafeMutablePointer<DeferredKey>
        private var count = 0

        init(_ keys: UnsafeMutablePointer<DeferredKey>) {
            self.keys = keys
        }

        @inline(__always)
        mutating func add(_ pending: UnsafeMutablePointer<Pending>, _ view: StoreView) {
            let bucket = KeyIndex.bucket(behind: pending.pointee.bucket)
            lehr_prefetch(bucket)
            pending.pointee.bucket = bucket
            pending.pointee.tag |= KeyIndex.displaced
            (keys + count).initialize(to: DeferredKey(pending: pending, view: view))
            count &+= 1
        }

        @inline(__always)
        mutating func finish(_ near: Int) {
            if count > 0 { finishAll(near) }
        }

        @inline(never)
        private mutating func finishAll(_ near: Int) {
            for i in 0..<count {
                let (pending, view) = (keys[i].pending, keys[i].view)
                pending.pointee.row = Self.row(pending.pointee.bucket, pending.pointee.tag, view)
                if let row = pending.pointee.row { prefetch(row, near) }
            }
            count = 0
        }

        private static func row(
            _ bucket: UnsafeMutableRawPointer, _ tag: UInt32, _ view: StoreView
        ) -> RowPointer? {
            var bucket = bucket
            while true {
                switch view.candidate(bucket, tag) {
                case .row(let row): return row
                case .none: return nil
                case .farther: bucket = KeyIndex.bucket(behind: bucket)
                }
            }
        }
    }

    /// Goes over the positions of the runs, a group at a time.
    private struct Cursor {
        private let runs: UnsafeBufferPointer<StoreRun>
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
            _ runs: UnsafeBufferPointer<StoreRun>, _ keys: Range<Int>, _ words: UnsafeRawPointer,
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

/// Keys of one partition: those at `keys` among the batch's.
struct StoreRun {
    let view: StoreView
    let keys: Range<Int>
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
