package import LehrCore

extension TablePartition {
    /// Rows looked at for each slice of retirement, and the least important of them that go.
    private static let candidateCount = 512
    private static let retiredCount = 64
    /// Places of the table that candidates come from, and how far they are looked for at each.
    private static let runCount = 8
    private static let placeLimit = 256
    /// Slices for each few keys of a push.
    private static let sliceCount = 8

    /// Tries once more what a push was refused, retiring the least important rows for it.
    ///
    /// Called when some keys are done with, because rows of theirs may be among those that go.
    func retryRefused(of batch: PushBatch, _ progress: inout PushProgress) {
        if store.hasRefusedWidth {
            // Its row is widened by its next push.
            store.hasRefusedWidth = false
            retireSlice(shape: store.fullShape)
        }
        guard !progress.refused.isEmpty else { return }
        var slicesLeft = Self.sliceCount
        LocatedRows.with(count: 1) { located in
            for position in progress.refused {
                let one = batch.block(position..<position + 1, located)
                located.hashes.initialize(to: store.keys.hash(one.batch.key(0)))
                while true {
                    located.rows.initialize(to: nil)
                    var attempt = PushProgress()
                    admit(one, &attempt)
                    if attempt.outcome.refusedAtLimit == 0 {
                        applyKernels(one, &attempt.outcome)
                        progress.outcome.refusedAtLimit -= 1
                        progress.outcome.add(attempt.outcome)
                        break
                    }
                    guard slicesLeft > 0 else { break }
                    // Once a slice has brought no place, others would be in vain as well.
                    let brought = retireSlice(shape: store.lack == .places ? 0 : nil)
                    slicesLeft = brought > 0 ? slicesLeft - 1 : 0
                }
            }
        }
    }

    /// Retires the least important of some rows; returns how many places of the shape this brought.
    ///
    /// Looking at some at a time, around and around, finds nearly the least important of all at a cost
    /// that is the same for any table. They come from several places, because rows that were made
    /// at the same time resemble each other: frequent keys are the oldest.
    ///
    /// - Parameter shape: of rows whose places are needed. Where there are none, others go, whose chunks
    ///   compaction gives back.
    @discardableResult
    package func retireSlice(shape: Int? = nil) -> Int {
        let all = retirementCandidates()
        let fitting = all.filter { shape == nil || $0.shape == shape }
        let candidates = (fitting.isEmpty ? all : fitting)
            .sorted { ($0.importance, $0.order) < ($1.importance, $1.order) }
        let share =
            (candidates.count * Self.retiredCount + Self.candidateCount - 1)
            / Self.candidateCount
        for candidate in candidates.prefix(share) {
            zeroCount -= zeros(of: candidate.row)
            store.remove(
                candidate.row, at: candidate.location, store.keys.hash(row: candidate.row))
        }
        counters.retired += UInt64(share)
        return fitting.isEmpty ? 0 : share
    }

    private struct Candidate {
        let importance: RowImportance
        /// Of equal rows, those at the cursor go first: others are newer or come later.
        let order: Int
        let shape: Int
        let row: RowPointer
        let location: UInt32
    }

    private func retirementCandidates() -> [Candidate] {
        var candidates: [Candidate] = []
        candidates.reserveCapacity(Self.candidateCount)
        // Where there are few rows, runs meet.
        var known: Set<UInt32> = []
        let total = store.chunks.openedPlaces
        let runLength = Self.candidateCount / Self.runCount
        for run in 0..<Self.runCount where total > 0 {
            let place = (retireCursor + run * total / Self.runCount) % total
            _ = store.chunks.visit(
                from: store.chunks.location(ofPlace: place), limit: runLength,
                placeLimit: Self.placeLimit
            ) { location, row in
                guard known.insert(location).inserted else { return }
                let isNarrow = row.header.pointee.flags.contains(.narrow)
                candidates.append(
                    Candidate(
                        importance: RowImportance(row.header.pointee), order: candidates.count,
                        shape: isNarrow ? 0 : store.fullShape, row: row, location: location))
            }
        }
        if total > 0 { retireCursor = (retireCursor + runLength) % total }
        return candidates
    }

    /// Removes the rows of `keys`; returns how many there were.
    @discardableResult
    package func remove(keys: PackedElements<UInt64>) -> Int {
        var removed = 0
        guard let words = keys.start else { return 0 }
        for position in 0..<keys.count / spec.storage.keyWidth.words
        where remove(words + position * store.keys.byteCount) {
            removed += 1
        }
        counters.removed += UInt64(removed)
        return removed
    }

    func remove(_ key: UnsafeRawPointer) -> Bool {
        guard let row = store.find(key) else { return false }
        zeroCount -= zeros(of: row)
        return store.remove(key)
    }

    /// A slice of giving back the memory of rows that went, for between batches: at most `rowLimit`
    /// rows move. False when there was nothing to do.
    @discardableResult
    package func compact(rowLimit: Int = 64) -> Bool { store.compact(rowLimit: rowLimit) }
}

/// How much would be lost with a row: clicks count ten times what shows without one do, and of equal
/// rows the one seen last is worth more.
struct RowImportance: Comparable {
    let score: Float
    let lastSeen: UInt32

    init(_ header: RowHeader) {
        score = 0.1 * (header.show - header.click) + header.click
        lastSeen = header.lastSeen
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.score, left.lastSeen) < (right.score, right.lastSeen)
    }
}
