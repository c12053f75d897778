import CLehrKernels

/// Finds the rows of a batch of keys with many cache misses under way at once.
///
/// Keys go in groups through three loops, each `lag` groups ahead of the next: their buckets are asked
/// for, then the rows behind the buckets' tags, and then rows are handed over. (Three short
/// loops, because one loop over all three has more in hand than there are registers.) The keys may
/// be of several partitions, and the pipeline does not run empty between them.
///
/// Measured: groups of 8 suit a pull; a push, which works on its rows, has nothing on its way for too
/// long with them, and waits for address translation in very large tables with groups of 4.
struct RowPipeline<let groupCount: Int> {
    /// Groups between one loop and the next: 24 keys or more.
    private static var lag: Int { Swift.max(2, 24 / groupCount) }
    /// Groups under way at most.
    private static var groups: Int { 2 * lag + 1 }

    /// What is to be done once a group was handed over.
    enum Verdict {
        case goOn
        /// Views are stale; so many of the group's keys are done with.
        case stop(after: Int)
    }

    /// Hands the rows of a group of keys at a time to `body`, in the order of the runs taken together,
    /// from the key at `start` of all on.
    ///
    /// `near` bytes of each row are asked for. `body` may change stores, but must stop when that makes their
    /// views stale. Returns how many of all keys are done with: where to go on from, with views
    /// that are new.
    @inline(__always)
    static func forEachGroup(
        _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>, from start: Int,
        near: Int, _ body: (LocatedGroup) -> Verdict
    ) -> Int {
        guard let keys = runs.first?.view.keys else { return 0 }
        // Keys of one word, nearly all there are, are worth loops of their own.
        return keys.isWide
            ? run(as: TwoWordKeys.self, words, runs, from: start, near, body)
            : run(as: OneWordKeys.self, words, runs, from: start, near, body)
    }

    private static func run<Layout: KeyLayout>(
        as layout: Layout.Type, _ words: UnsafeRawPointer, _ runs: UnsafeBufferPointer<StoreRun>,
        from start: Int, _ near: Int, _ body: (LocatedGroup) -> Verdict
    ) -> Int {
        let count = runs.reduce(0) { $0 + $1.keys.count }
        guard start < count else { return start }
        return withRing { ring, deferred in
            var source = KeySource(runs, start..<count, words)
            var deferred = DeferredKeys(deferred)
            let groupsToGo = (count - start + groupCount - 1) / groupCount
            var (first, second, third) = (0, 0, 0)
            var done = start
            for step in 0..<groupsToGo + 2 * lag {
                if step < groupsToGo {
                    source.ask(for: layout, ring + first, groupCount)
                    advance(&first)
                }
                deferred.finish(near)
                if step >= lag, step - lag < groupsToGo {
                    askForRows(ring + second, near, &deferred)
                    advance(&second)
                }
                if step >= 2 * lag {
                    let group = LocatedGroup(
                        count: Swift.min(groupCount, count - done), keys: ring + third,
                        words: words, runs: runs)
                    group.check(layout)
                    advance(&third)
                    switch body(group) {
                    case .goOn: done += group.count
                    case .stop(let handled): return done + handled
                    }
                }
            }
            return done
        }
    }

    /// Goes on to the next group's place in the ring.
    @inline(__always)
    private static func advance(_ place: inout Int) {
        place = place == (groups - 1) * groupCount ? 0 : place &+ groupCount
    }

    /// Memory for the keys under way, and for those of a group that are put off.
    @inline(__always)
    private static func withRing(
        _ body: (UnsafeMutablePointer<LocatedKey>, UnsafeMutablePointer<LocatedKeyPointer>) -> Int
    ) -> Int {
        withUnsafeTemporaryAllocation(of: LocatedKey.self, capacity: groups * groupCount) { ring in
            withUnsafeTemporaryAllocation(of: LocatedKeyPointer.self, capacity: groupCount) {
                body(ring.baseAddress.unsafelyUnwrapped, $0.baseAddress.unsafelyUnwrapped)
            }
        }
    }

    /// Asks for the rows of a group; puts off those whose bucket is full of others, to when the bucket
    /// behind it has come.
    @inline(__always)
    private static func askForRows(
        _ group: LocatedKeyPointer, _ near: Int, _ deferred: inout DeferredKeys
    ) {
        for i in 0..<groupCount {
            let key = group + i
            switch key.pointee.candidate() {
            case .row(let row):
                key.pointee.row = row
                row.prefetch(near)
            case .none:
                key.pointee.row = nil
            case .farther:
                deferred.add(key)
            }
        }
    }
}

/// Keys of one partition: those at `keys` among the batch's.
struct StoreRun {
    let view: StoreView
    let keys: Range<Int>
}
