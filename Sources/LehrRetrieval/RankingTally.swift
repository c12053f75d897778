import Glibc

/// Hit rate and NDCG at a cut-off over many rankings of one positive among negatives, in the
/// protocol of "Neural Collaborative Filtering" (He et al. 2017).
///
/// The positive's rank (from 0) is the number of negatives that score at least as high: a tie
/// counts against the positive, so that a model giving everything one score earns nothing. Counts
/// are kept by rank, so tallies merge exactly and in any order.
package struct RankingTally: Sendable, Equatable, Codable {
    /// Rankings whose positive is at each rank below the cut-off.
    package private(set) var counts: [UInt64]
    /// Rankings altogether.
    package private(set) var total: UInt64 = 0

    package init(cutoff: Int) {
        precondition(cutoff > 0, "a cut-off is at least 1")
        counts = [UInt64](repeating: 0, count: cutoff)
    }

    package var cutoff: Int { counts.count }

    /// Adds the ranking of a positive with `rank` better or equal negatives.
    package mutating func add(rank: Int) {
        total += 1
        if rank < counts.count { counts[rank] += 1 }
    }

    /// Adds a ranking from its scores, the positive's first.
    package mutating func add(scores: some Collection<Float>) {
        guard let positive = scores.first else { return }
        // Not `>=`: a NaN on either side counts against the positive.
        add(rank: scores.dropFirst().reduce(0) { $0 + ($1 < positive ? 0 : 1) })
    }

    package mutating func merge(_ other: RankingTally) {
        precondition(other.cutoff == cutoff, "tallies of one cut-off")
        total += other.total
        for rank in counts.indices { counts[rank] += other.counts[rank] }
    }

    /// HR@cutoff, which with one positive is recall@cutoff too; 0 when nothing was added.
    package var hitRate: Double {
        total == 0 ? 0 : Double(counts.reduce(0, +)) / Double(total)
    }

    /// NDCG@cutoff: the mean of `1 / log2(rank + 2)` over hits, and 0 for misses.
    package var ndcg: Double {
        guard total > 0 else { return 0 }
        let gain = counts.enumerated().reduce(0) { sum, entry in
            sum + Double(entry.element) / log2(Double(entry.offset) + 2)
        }
        return gain / Double(total)
    }
}

/// Recall: the part of the `relevant` rows (ascending, distinct) that the first `cutoff` of
/// `retrieved` hold; nil when nothing is relevant.
package func recall(retrieved: [ScoredRow], relevant: [UInt32], cutoff: Int) -> Double? {
    guard !relevant.isEmpty else { return nil }
    let wanted = Set(relevant)
    let found = retrieved.prefix(cutoff).reduce(0) { $0 + (wanted.contains($1.row) ? 1 : 0) }
    return Double(found) / Double(wanted.count)
}
