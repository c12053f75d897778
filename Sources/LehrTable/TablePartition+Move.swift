/// A key of a table, of one word or two.
struct RowKey: Hashable, Sendable {
    let low: UInt64
    let high: UInt64
}

/// The keys that have changed since a copy began.
struct ChangedKeys {
    /// Keys kept, of 16 bytes in a set that has room for a third more at least; with one more the copy is in
    /// vain, and has to begin anew.
    static let countMax = 4 << 20

    private(set) var keys: Set<RowKey> = []
    private(set) var hasOverflowed = false
    private let isWide: Bool

    init(isWide: Bool, expected: Int) {
        self.isWide = isWide
        keys.reserveCapacity(min(expected, Self.countMax))
    }

    mutating func note(_ words: UnsafeRawPointer) {
        guard !hasOverflowed else { return }
        keys.insert(
            RowKey(
                low: words.loadUnaligned(as: UInt64.self),
                high: isWide ? words.loadUnaligned(fromByteOffset: 8, as: UInt64.self) : 0))
        if keys.count > Self.countMax {
            hasOverflowed = true
            keys = []
        }
    }

    mutating func note(_ row: RowPointer, _ layout: RowKeys) {
        withUnsafeBytes(
            of: (row.header.pointee.key, layout.isWide ? layout.high(of: row) : 0)
        ) { $0.baseAddress.map { note($0) } }
    }
}

/// Rows of a partition as they are at one moment, for a copy of it elsewhere, and the keys that have none.
package struct MovedRows: Sendable {
    package var rows: RowColumns
    /// `rows.keyWords` words each.
    package var removed: [UInt64] = []

    package init(rows: RowColumns) { self.rows = rows }
}

/// A copy of a partition in the making, made while it goes on changing: all rows are passed once, and what
/// has changed since is sent again, in rounds. A copy is exact when nothing changes any more and nothing is
/// left.
package struct PartitionCopy {
    /// Where the pass over all rows goes on; nil at its end.
    private(set) var cursor: ScanCursor? = .start
    /// What is to be sent again, in any order: of each row the last that is sent counts.
    private var round = Set<RowKey>().makeIterator()
    private(set) var leftInRound = 0
    /// Rounds begun.
    package private(set) var rounds = 0
    /// Whether the last round has half of the one before, or less: the copy catches up as fast as it goes.
    package private(set) var isConverging = true
    private var sizeOfRound = Int.max

    package init() {}

    /// Whether all that is left to send are the changes that are in no round yet.
    package var isCaughtUp: Bool { cursor == nil && leftInRound == 0 }

    mutating func pass(to next: ScanCursor?) { cursor = next }

    mutating func begin(_ keys: Set<RowKey>) {
        round = keys.makeIterator()
        isConverging = keys.count <= sizeOfRound / 2
        sizeOfRound = keys.count
        leftInRound = keys.count
        rounds += 1
    }

    mutating func take() -> RowKey? {
        leftInRound = max(leftInRound - 1, 0)
        return round.next()
    }
}

extension TablePartition {
    /// Begins to note changes, for one copy at a time; rows stay where they are until `endCopy`.
    package func beginCopy() {
        endCopy()
        changed = ChangedKeys(isWide: store.keys.isWide, expected: rowCount)
        scanCount += 1
    }

    package func endCopy() {
        guard changed != nil else { return }
        changed = nil
        scanCount -= 1
    }

    /// Keys that have changed and are in no round yet.
    package var changedCount: Int { changed?.keys.count ?? 0 }

    /// There were more changes than are noted: the copy cannot be finished.
    package var hasLostChanges: Bool { changed?.hasOverflowed ?? true }

    /// The next rows of the copy, at most `limit`; nil: nothing has changed since those of before.
    package func next(of copy: inout PartitionCopy, limit: Int) -> MovedRows? {
        if let rows = nextUnseen(of: &copy, limit) { return rows }
        if copy.leftInRound == 0 {
            guard let keys = changed?.keys, !keys.isEmpty else { return nil }
            copy.begin(keys)
            changed = ChangedKeys(isWide: store.keys.isWide, expected: keys.count)
        }
        var images = RowImages(shapes: store.shapes)
        var moved = MovedRows(rows: RowColumns(spec.rowFormat))
        for _ in 0..<min(limit, copy.leftInRound) {
            guard let key = copy.take() else { break }
            withUnsafeBytes(of: key) { words in
                guard let words = words.baseAddress else { return }
                if let row = store.find(words) {
                    images.append(row)
                } else {
                    moved.removed.append(key.low)
                    if store.keys.isWide { moved.removed.append(key.high) }
                }
            }
        }
        images.appendColumns(to: &moved.rows)
        return moved
    }

    /// Rows that the copy has not passed yet.
    private func nextUnseen(of copy: inout PartitionCopy, _ limit: Int) -> MovedRows? {
        guard let cursor = copy.cursor else { return nil }
        var images = RowImages(shapes: store.shapes)
        let next = store.chunks.visit(from: cursor.value, limit: limit) { images.append($1) }
        copy.pass(to: next.map { ScanCursor($0) })
        return images.isEmpty ? nil : MovedRows(rows: images.columns(spec.rowFormat))
    }

    /// Takes over rows of a copy, and drops those that are gone.
    package func take(_ moved: MovedRows) throws(RestoreError) {
        // They have made room at the source, before the others came.
        moved.removed.withUnsafeBufferPointer { removed in
            for start in stride(from: 0, to: removed.count, by: store.keys.isWide ? 2 : 1) {
                _ = removed.baseAddress.map { remove(UnsafeRawPointer($0 + start)) }
            }
        }
        try restore(moved.rows)
    }

    /// Ends a copy: goes on counting where the other has ended (pushes, by which learning rates are decided,
    /// and what people are told), within its own limits from now on.
    package func goOn(
        after pushes: UInt64, _ counters: TableCounters, limits: PartitionLimits
    ) {
        store.limits = limits
        pushCount = pushes
        self.counters = counters
    }
}
