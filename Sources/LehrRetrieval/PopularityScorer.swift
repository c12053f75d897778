/// The baseline that recommends to everyone what most users chose: an item's score is its count
/// among the training pairs.
package struct PopularityScorer: Sendable {
    private let counts: [UInt64: Float]

    /// `counts[i]` is the training count of `keys[i]`.
    package init(keys: [UInt64], counts: [UInt64]) {
        precondition(keys.count == counts.count, "a count a key")
        self.counts = Dictionary(
            zip(keys, counts.map { Float($0) }), uniquingKeysWith: { $0 + $1 })
    }

    /// The scores of items; 0 for one that never occurred.
    package func scores(of items: ArraySlice<UInt64>) -> [Float] {
        items.map { counts[$0] ?? 0 }
    }

    /// Ranks each user's positive among its negatives: user `i` has
    /// `candidates[offsets[i] ..< offsets[i + 1]]`, the positive first.
    package func evaluate(
        candidates: [UInt64], offsets: [Int32], cutoff: Int
    ) -> RankingTally {
        var tally = RankingTally(cutoff: cutoff)
        for user in 0..<max(offsets.count - 1, 0) {
            let range = Int(offsets[user])..<Int(offsets[user + 1])
            tally.add(scores: scores(of: candidates[range]))
        }
        return tally
    }
}
