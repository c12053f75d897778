/// A row and its score for one query.
package struct ScoredRow: Sendable, Equatable {
    package let row: UInt32
    package let score: Float

    package init(row: UInt32, score: Float) {
        self.row = row
        self.score = score
    }

    /// Higher scores come first; of equal ones, the lower row.
    @inline(__always)
    func isBetter(than other: ScoredRow) -> Bool {
        score > other.score || (score == other.score && row < other.row)
    }
}

/// The best `limit` rows seen so far: a binary heap with the worst of them on top.
struct TopKHeap {
    private var entries: [ScoredRow] = []
    private let limit: Int

    init(limit: Int) {
        precondition(limit > 0, "at least one row is wanted")
        self.limit = limit
    }

    /// What a later row must exceed to get in: later rows lose ties.
    var threshold: Float { entries.count < limit ? -.infinity : entries[0].score }

    /// Offers a row that comes after all those offered before.
    mutating func offer(_ entry: ScoredRow) {
        guard entry.score > threshold else { return }
        if entries.count < limit {
            entries.append(entry)
            siftUp()
        } else {
            entries[0] = entry
            siftDown()
        }
    }

    /// The rows, best first.
    consuming func sorted() -> [ScoredRow] { entries.sorted { $0.isBetter(than: $1) } }

    private mutating func siftUp() {
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[parent].isBetter(than: entries[child]) else { return }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var worst = parent
            for child in 2 * parent + 1...2 * parent + 2
            where child < entries.count && entries[worst].isBetter(than: entries[child]) {
                worst = child
            }
            guard worst != parent else { return }
            entries.swapAt(parent, worst)
            parent = worst
        }
    }
}
