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
    /// Words of the keys that are sent again: of each row the last that is sent counts.
    private var round: [UInt64] = []
    /// How many of them were.
    private var wordsSent = 0
    /// Rounds begun.
    package private(set) var rounds = 0
    /// Rows and removals sent by this round, or by the pass over all.
    package private(set) var rowsSentInRound = 0
    /// Of all rounds.
    package private(set) var rowsSent = 0

    package init() {}

    /// Whether all that is left to send are the changes that are in no round yet.
    package var isCaughtUp: Bool { cursor == nil && isRoundOver }

    var isRoundOver: Bool { wordsLeft == 0 }

    var wordsLeft: Int { round.count - wordsSent }

    mutating func pass(to next: ScanCursor?) { cursor = next }

    mutating func begin(_ words: [UInt64]) {
        round = words
        (wordsSent, rowsSentInRound) = (0, 0)
        rounds += 1
    }

    mutating func count(_ rows: Int) {
        rowsSentInRound += rows
        rowsSent += rows
    }

    /// The next of the round, at most so many words.
    mutating func take(words limit: Int) -> ArraySlice<UInt64> {
        let taken = round[wordsSent...].prefix(limit)
        wordsSent += taken.count
        return taken
    }
}

extension TablePartition {
    /// Begins to note changes, for one copy at a time; rows stay where they are until `endCopy`.
    package func beginCopy() {
        endCopy()
        store.copies.begin()
        scanCount += 1
    }

    package func endCopy() {
        guard store.copies.isActive else { return }
        store.copies.end()
        scanCount -= 1
    }

    /// Keys that have changed and are in no round yet.
    package var changedCount: Int { store.copies.count }

    /// Keys that have still to be sent, as far as is known; nil: all rows are being passed.
    package func left(of copy: PartitionCopy) -> Int? {
        copy.cursor == nil ? changedCount + copy.wordsLeft / store.keys.words : nil
    }

    /// There were more changes than are noted: the copy cannot be finished.
    package var hasLostChanges: Bool { !store.copies.isActive || store.copies.hasOverflowed }

    /// The next rows of the copy, at most `limit`; nil: nothing has changed since those of before.
    package func next(of copy: inout PartitionCopy, limit: Int) -> MovedRows? {
        if let rows = nextUnseen(of: &copy, limit) { return rows }
        if copy.isRoundOver {
            guard store.copies.count > 0 else { return nil }
            copy.begin(store.copies.takeWords())
        }
        let words = copy.take(words: limit * store.keys.words)
        copy.count(words.count / store.keys.words)
        return rows(of: words)
    }

    private func rows(of words: ArraySlice<UInt64>) -> MovedRows {
        var images = RowImages(shapes: store.shapes)
        var moved = MovedRows(rows: RowColumns(spec.rowFormat))
        let keys = PartitionRun(self, 0..<words.count / store.keys.words)
        words.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            Self.withViews(of: [keys]) { views in
                _ = RowPipeline<8>.forEachGroup(start, views, from: 0, near: full.stride) { group in
                    for i in 0..<group.count {
                        if let row = group[i].row {
                            Self.send(row, &images)
                        } else {
                            let first = words.startIndex + group[i].position * store.keys.words
                            moved.removed += words[first..<first + store.keys.words]
                        }
                    }
                    return .goOn
                }
            }
        }
        images.appendColumns(to: &moved.rows)
        return moved
    }

    private static func send(_ row: RowPointer, _ images: inout RowImages) {
        images.append(row)
        row.header.pointee.flags.insert(.sent)
    }

    /// Rows that the copy has not passed yet.
    private func nextUnseen(of copy: inout PartitionCopy, _ limit: Int) -> MovedRows? {
        guard let cursor = copy.cursor else { return nil }
        var images = RowImages(shapes: store.shapes)
        let next = store.chunks.visit(from: cursor.value, limit: limit) { Self.send($1, &images) }
        copy.pass(to: next.map { ScanCursor($0) })
        copy.count(images.rowCount)
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
