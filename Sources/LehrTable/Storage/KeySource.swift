import CLehrKernels

/// Asks for the buckets of the keys of some runs, a group at a time.
struct KeySource {
    private let runs: UnsafeBufferPointer<StoreRun>
    private let words: UnsafeRawPointer
    private var run = 0
    private var position: Int
    private var end: Int
    /// Keys to go in this run and those behind it.
    private var left: Int

    /// For the keys at `keys`, which is not empty, of the runs taken together, to the end of all.
    init(_ runs: UnsafeBufferPointer<StoreRun>, _ keys: Range<Int>, _ words: UnsafeRawPointer) {
        self.runs = runs
        self.words = words
        left = keys.count
        var before = keys.lowerBound
        while before >= runs[run].keys.count {
            before -= runs[run].keys.count
            run += 1
        }
        position = runs[run].keys.lowerBound + before
        end = runs[run].keys.upperBound
    }

    /// Fills in `count` keys; those beyond the last one find nothing.
    @inline(__always)
    mutating func ask<Layout: KeyLayout>(
        for layout: Layout.Type, _ keys: LocatedKeyPointer, _ count: Int
    ) {
        guard end &- position >= count else { return askAcross(layout, keys, count) }
        let view = runs[run].view
        for i in 0..<count { ask(layout, view, position &+ i, keys + i) }
        position &+= count
        left &-= count
    }

    /// As above, from one run to others, or to the end.
    @inline(never)
    private mutating func askAcross<Layout: KeyLayout>(
        _ layout: Layout.Type, _ keys: LocatedKeyPointer, _ count: Int
    ) {
        for i in 0..<count {
            guard left > 0 else {
                (keys + i).initialize(to: Self.nothing)
                continue
            }
            while position == end {
                run += 1
                position = runs[run].keys.lowerBound
                end = runs[run].keys.upperBound
            }
            ask(layout, runs[run].view, position, keys + i)
            position += 1
            left -= 1
        }
    }

    @inline(__always)
    private func ask<Layout: KeyLayout>(
        _ layout: Layout.Type, _ view: StoreView, _ position: Int, _ key: LocatedKeyPointer
    ) {
        let hash = Layout.keys.hash(words + Layout.keys.byteCount &* position)
        let bucket = view.index.bucket(hash)
        lehr_prefetch(bucket)
        key.initialize(
            to: LocatedKey(
                bucket: bucket, tag: KeyIndex.tag(hash), run: Int32(truncatingIfNeeded: run),
                hash: hash, position: position, addresses: view.rows, row: nil))
    }

    private static var nothing: LocatedKey {
        LocatedKey(
            bucket: Directory.emptySegment, tag: KeyIndex.tag(0), run: 0, hash: 0, position: 0,
            addresses: .none, row: nil)
    }
}

/// The layout of keys as a type, for loops that are compiled for it.
protocol KeyLayout {
    static var keys: RowKeys { get }
}

enum OneWordKeys: KeyLayout {
    @inline(__always)
    static var keys: RowKeys { RowKeys(.bits64) }
}

enum TwoWordKeys: KeyLayout {
    @inline(__always)
    static var keys: RowKeys { RowKeys(.bits128) }
}
