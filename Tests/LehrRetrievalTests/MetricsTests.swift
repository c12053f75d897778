import LehrCore
import Testing

@testable import LehrRetrieval

@Suite struct MetricsTests {
    @Test func ranksCountTiesAgainstThePositive() {
        var tally = RankingTally(cutoff: 3)
        tally.add(scores: [5, 1, 2, 3])  // rank 0
        tally.add(scores: [2, 3, 1, 0])  // rank 1
        tally.add(scores: [2, 2, 2, 2])  // rank 3
        tally.add(scores: [.nan, 0, 0, 0])  // rank 3
        tally.add(scores: [1, .nan, 0, 0])  // rank 1
        #expect(tally.counts == [1, 2, 0])
        #expect(tally.total == 5)
        #expect(tally.hitRate == 0.6)
        // 1 / log2(2) = 1 and 1 / log2(3) = 0.63093.
        let expected: Double = (1 + 2 * 0.6309297535714574) / 5
        #expect(abs(tally.ndcg - expected) < 1e-12)
    }

    @Test func talliesMergeExactly() {
        var random = RandomSource(seed: 1)
        var whole = RankingTally(cutoff: 10)
        var parts = [RankingTally](repeating: RankingTally(cutoff: 10), count: 3)
        for index in 0..<1000 {
            let rank = random.below(30)
            whole.add(rank: rank)
            parts[index % 3].add(rank: rank)
        }
        parts[2].merge(parts[0])
        parts[2].merge(parts[1])
        #expect(parts[2] == whole)
        #expect(RankingTally(cutoff: 10).hitRate == 0 && RankingTally(cutoff: 10).ndcg == 0)
    }

    @Test func recallCountsWhatWasFound() {
        let retrieved = [4, 9, 1, 7].map { ScoredRow(row: $0, score: 0) }
        #expect(recall(retrieved: retrieved, relevant: [1, 2, 4, 7], cutoff: 3) == 0.5)
        #expect(recall(retrieved: retrieved, relevant: [1, 2, 4, 7], cutoff: 10) == 0.75)
        #expect(recall(retrieved: retrieved, relevant: [], cutoff: 10) == nil)
    }

    private func area(_ predictions: [Float], _ labels: [Float]) -> AUCHistogram {
        var histogram = AUCHistogram()
        predictions.withUnsafeBufferPointer { predictions in
            labels.withUnsafeBufferPointer {
                histogram.add(predictions: predictions, labels: $0)
            }
        }
        return histogram
    }

    @Test func areaOfKnownCases() {
        #expect(area([0.1, 0.9], [0, 1]).area == 1)
        #expect(area([0.9, 0.1], [0, 1]).area == 0)
        #expect(area([0.5, 0.5, 0.5], [0, 1, 1]).area == 0.5)
        #expect(area([0, 1, 2, -1], [0, 1, 1, 0]).area == 1)
        #expect(area([0.5], [1]).area == nil)
        #expect(area([.nan, 0.5], [1, 0]).undefined == 1)
        // Pairs: (0.8 > 0.3), (0.8 > 0.6), (0.4 > 0.3), (0.4 < 0.6).
        #expect(exactAUC(predictions: [0.8, 0.3, 0.4, 0.6], labels: [1, 0, 1, 0]) == 0.75)
        #expect(exactAUC(predictions: [0.5, 0.5], labels: [1, 0]) == 0.5)
        #expect(exactAUC(predictions: [0.5], labels: [1]) == nil)
        #expect(exactAUC(predictions: [.nan, 1], labels: [1, 0]) == nil)
    }

    @Test func histogramIsCloseToExactAndMerges() throws {
        var random = RandomSource(seed: 2)
        var predictions: [Float] = []
        var labels: [Float] = []
        for _ in 0..<20_000 {
            let prediction = random.uniform() * random.uniform()
            predictions.append(prediction)
            labels.append(random.uniform() < prediction ? 1 : 0)
        }
        let whole = area(predictions, labels)
        let exact = try #require(exactAUC(predictions: predictions, labels: labels))
        let area = try #require(whole.area)
        #expect(abs(area - exact) < 1e-5)
        #expect(exact > 0.6 && exact < 0.9)
        var merged = self.area(Array(predictions[..<700]), Array(labels[..<700]))
        merged.merge(self.area(Array(predictions[700...]), Array(labels[700...])))
        #expect(merged == whole)
    }

    @Test func popularityScoresByCount() {
        let scorer = PopularityScorer(keys: [1, 2, 3], counts: [10, 30, 20])
        #expect(scorer.scores(of: [3, 9, 2]) == [20, 0, 30])
        let tally = scorer.evaluate(
            candidates: [2, 1, 3, 1, 2, 3], offsets: [0, 3, 6], cutoff: 2)
        #expect(tally.counts == [1, 0])
        #expect(tally.total == 2)
    }
}
