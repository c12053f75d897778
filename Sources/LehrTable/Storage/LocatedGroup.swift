import CLehrKernels

/// A key on its way through a `RowPipeline`, and what is known of it so far.
struct LocatedKey {
    /// The bucket to be looked at next.
    var bucket: UnsafeMutableRawPointer
    /// The tag to be looked for there.
    var tag: UInt32
    /// Of the key's run among the runs.
    var run: Int32
    let hash: UInt64
    /// Of the key among the batch's.
    let position: Int
    let addresses: RowAddresses
    var row: RowPointer?

    @inline(__always)
    func candidate() -> KeyIndex.Candidate { KeyIndex.candidate(bucket, tag, addresses) }
}

typealias LocatedKeyPointer = UnsafeMutablePointer<LocatedKey>

/// Some keys that follow each other, with their rows.
struct LocatedGroup {
    let count: Int
    fileprivate let keys: LocatedKeyPointer
    private let words: UnsafeRawPointer
    private let runs: UnsafeBufferPointer<StoreRun>

    @inline(__always)
    init(
        count: Int, keys: LocatedKeyPointer, words: UnsafeRawPointer,
        runs: UnsafeBufferPointer<StoreRun>
    ) {
        self.count = count
        self.keys = keys
        self.words = words
        self.runs = runs
    }

    @inline(__always)
    subscript(index: Int) -> LocatedKey {
        @inline(__always) unsafeAddress { UnsafePointer(keys + index) }
    }

    /// Looks whether the rows found are those of the keys, and finds them where they are not.
    @inline(__always)
    func check<Layout: KeyLayout>(_ layout: Layout.Type) {
        for i in 0..<count {
            let key = keys + i
            let words = words + Layout.keys.byteCount &* key.pointee.position
            if let row = key.pointee.row, !Layout.keys.matches(row, words) {
                let view = runs[Int(key.pointee.run)].view
                key.pointee.row = view.find(words, key.pointee.hash)?.row
            }
        }
    }
}

/// Asks for the buckets of the keys of some runs, a group at a time.
struct KeySource {
    private let runs: UnsafeBufferPointer<StoreRun>
    private let words: UnsafeRawPointer
    private var run = 0
    private var position: Int
    private var end: Int
    /// Keys to go in this run and those behind it.
    private var left: Int

    /// From key `start` of all the runs' on, of which there is one.
    init(_ runs: UnsafeBufferPointer<StoreRun>, from start: Int, _ words: UnsafeRawPointer) {
        self.runs = runs
        self.words = words
        left = runs.reduce(0) { $0 + $1.keys.count } - start
        var before = start
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

/// Keys whose bucket was full of others, until the bucket behind it has come.
struct DeferredKeys {
    private let keys: UnsafeMutablePointer<LocatedKeyPointer>
    private var count = 0

    @inline(__always)
    init(_ keys: UnsafeMutablePointer<LocatedKeyPointer>) { self.keys = keys }

    @inline(__always)
    mutating func add(_ key: LocatedKeyPointer) {
        let bucket = KeyIndex.bucket(behind: key.pointee.bucket)
        lehr_prefetch(bucket)
        key.pointee.bucket = bucket
        key.pointee.tag |= KeyIndex.displaced
        (keys + count).initialize(to: key)
        count &+= 1
    }

    /// Asks for the rows of the keys.
    @inline(__always)
    mutating func finish(_ near: Int) {
        if count > 0 { finishAll(near) }
    }

    @inline(never)
    private mutating func finishAll(_ near: Int) {
        for i in 0..<count {
            let key = keys[i]
            key.pointee.row = Self.row(of: key)
            key.pointee.row?.prefetch(near)
        }
        count = 0
    }

    private static func row(of key: LocatedKeyPointer) -> RowPointer? {
        while true {
            switch key.pointee.candidate() {
            case .row(let row): return row
            case .none: return nil
            case .farther: key.pointee.bucket = KeyIndex.bucket(behind: key.pointee.bucket)
            }
        }
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

extension RowPointer {
    /// Asks for the first `near` bytes of the row here.
    @inline(__always)
    func prefetch(_ near: Int) {
        lehr_prefetch(self)
        var line = 64
        while line < near {
            lehr_prefetch(self + line)
            line &+= 64
        }
    }
}
