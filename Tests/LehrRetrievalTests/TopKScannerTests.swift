import LehrCore
import Testing

@testable import LehrRetrieval

@Suite struct TopKScannerTests {
    private let scanner = TopKScanner()

    private func floats(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in random.uniform() - 0.5 }
    }

    private func search(
        _ rows: [Float], _ dimension: Int, _ query: [Float], k: Int, excluded: [UInt32] = []
    ) -> [ScoredRow] {
        rows.withUnsafeBufferPointer { rows in
            query.withUnsafeBufferPointer { query in
                scanner.search(
                    rows: rows, dimension: dimension, query: query, k: k, excluded: excluded)
            }
        }
    }

    /// All rows by score, computed in double precision.
    private func reference(
        _ rows: [Float], _ dimension: Int, _ query: [Float]
    ) -> [(row: Int, score: Double)] {
        (0..<rows.count / dimension).map { row in
            let score = (0..<dimension).reduce(0.0) {
                $0 + Double(rows[row * dimension + $1]) * Double(query[$1])
            }
            return (row, score)
        }.sorted { ($0.score, -$0.row) > ($1.score, -$1.row) }
    }

    @Test(arguments: [1, 3, 15, 16, 17, 32, 64, 100], [1, 10, 300])
    func agreesWithASortOfAllScores(dimension: Int, k: Int) {
        let rows = floats(2500 * dimension, seed: UInt64(dimension))
        let query = floats(dimension, seed: 99)
        let found = search(rows, dimension, query, k: k)
        let expected = reference(rows, dimension, query).prefix(k)
        #expect(found.count == k)
        for (found, expected) in zip(found, expected) {
            // By score: rounding may swap neighbours.
            #expect(abs(Double(found.score) - expected.score) < 1e-5)
        }
        #expect(Set(found.map { $0.row }).count == k)
    }

    @Test func equalScoresComeInRowOrder() {
        // 5000 rows of one float, five values; each tile holds ties of the best.
        let rows = (0..<5000).map { Float($0 % 5) }
        let found = search(rows, 1, [1], k: 700)
        let best = (0..<1000).map { UInt32($0 * 5 + 4) }
        #expect(found.map { $0.row } == Array(best[..<700]))
        let more = search(rows, 1, [1], k: 1200)
        let second = (0..<200).map { UInt32($0 * 5 + 3) }
        #expect(more.map { $0.row } == best + second)
    }

    @Test func excludedRowsAreNeverFound() {
        let rows = floats(3000 * 8, seed: 4)
        let query = floats(8, seed: 5)
        let all = search(rows, 8, query, k: 3000)
        #expect(all.count == 3000)
        let excluded = all.prefix(100).map { $0.row }.sorted()
        #expect(search(rows, 8, query, k: 50, excluded: excluded) == Array(all[100..<150]))
        #expect(search(rows, 8, query, k: 50, excluded: [7, 7, 5000]).count == 50)
        #expect(search(rows, 8, query, k: 5, excluded: (0..<3000).map { UInt32($0) }).isEmpty)
    }

    @Test func groupsOfQueriesGiveTheSameBitsAsOneByOne() {
        let rows = floats(2100 * 20, seed: 6)
        let queries = floats(11 * 20, seed: 7)
        let excluded = (0..<11).map { query in [UInt32(query), UInt32(query * 100 + 50)] }
        let together = rows.withUnsafeBufferPointer { rows in
            queries.withUnsafeBufferPointer { queries in
                scanner.search(
                    rows: rows, dimension: 20, queries: queries, k: 13, excluded: excluded)
            }
        }
        #expect(together.count == 11)
        for query in 0..<11 {
            let alone = search(
                rows, 20, Array(queries[query * 20..<(query + 1) * 20]), k: 13,
                excluded: excluded[query])
            #expect(together[query] == alone)
        }
    }

    @Test func rowScoresAreTheScansScores() {
        let rows = floats(500 * 33, seed: 8)
        let query = floats(33, seed: 9)
        let found = search(rows, 33, query, k: 500)
        let scores = rows.withUnsafeBufferPointer { rows in
            query.withUnsafeBufferPointer { query in
                rowScores(
                    rows: rows, dimension: 33, indices: found.map { $0.row }, query: query)
            }
        }
        #expect(scores == found.map { $0.score })
    }

    @Test func nanAndEmptyInputsFindNothing() {
        #expect(search([.nan, 1, .nan, -.infinity], 1, [1], k: 4).map { $0.row } == [1])
        #expect(search([], 3, [1, 2, 3], k: 4).isEmpty)
        #expect(search([1, 2], 1, [1], k: 0).isEmpty)
        #expect(search([1, 2], 1, [1], k: 9).map { $0.row } == [1, 0])
    }
}
