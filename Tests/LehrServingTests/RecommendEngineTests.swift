import LehrArtifact
import LehrCore
import LehrRetrieval
import Testing

@testable import LehrServing

/// Which items the engine answers, against the same computed the long way.
struct RecommendEngineTests {
    private let fixture: ExportFixture
    private let engine: RecommendEngine

    init() throws {
        fixture = ExportFixture.random(users: 40, items: 300, dimension: 9, seed: 1)
        engine = try Self.engine(fixture)
    }

    private static func engine(_ fixture: ExportFixture) throws -> RecommendEngine {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/export"
        try fixture.write(to: path)
        let model = try ServingModel.load(path, files: directory.files)
        guard case .recommend(let engine) = model.engine else {
            throw ModelLoadError.unknownKind(path: path, kind: model.kind)
        }
        return engine
    }

    /// Rows of items by falling score, without those excluded.
    private func bruteForce(
        _ scores: [Double], excluding excluded: Set<Int>, k: Int
    ) -> [UInt64] {
        scores.indices.filter { !excluded.contains($0) }
            .sorted { (scores[$1], $0) < (scores[$0], $1) }
            .prefix(k).map { fixture.itemKeys[$0] }
    }

    private func scores(user: Int) -> [Double] {
        fixture.itemKeys.indices.map { fixture.dot(user: user, item: $0) }
    }

    @Test(arguments: [1, 10, 299, 1000])
    func equalsBruteForce(k: Int) {
        for user in fixture.userKeys.indices {
            let answer = engine.recommend(
                RecommendQuery(user: fixture.userKeys[user], k: k, excludeSeen: false))
            #expect(answer.source == .model)
            let expected = bruteForce(scores(user: user), excluding: [], k: k)
            #expect(answer.items.map { $0.key } == expected)
        }
    }

    @Test func givesScoresAndTitles() throws {
        let answer = engine.recommend(RecommendQuery(user: 103, k: 5))
        #expect(answer.items.count == 5)
        for item in answer.items {
            let row = try #require(fixture.itemKeys.firstIndex(of: item.key))
            #expect(item.title == "title \(row)")
            #expect(abs(Double(item.score) - fixture.dot(user: 3, item: row)) < 1e-5)
        }
    }

    @Test func leavesOutWhatWasSeenAndExcluded() {
        for user in fixture.userKeys.indices {
            let best = bruteForce(scores(user: user), excluding: [], k: 3)
            let answer = engine.recommend(
                RecommendQuery(
                    user: fixture.userKeys[user], k: 20, exclude: best + [424_242, best[0]]))
            let rows = best.map { Int($0 - 1000) / 7 }
            let excluded = Set(fixture.seen[user].map { Int($0) } + rows)
            let expected = bruteForce(scores(user: user), excluding: excluded, k: 20)
            #expect(answer.items.map { $0.key } == expected)
        }
    }

    @Test func answersStrangersWithWhatIsPopular() {
        let counts = fixture.counts.map { Double($0) }
        let expected = bruteForce(counts, excluding: [], k: 10)
        for query in [
            RecommendQuery(), RecommendQuery(user: 99_999), RecommendQuery(history: [1, 2, 3]),
        ] {
            let answer = engine.recommend(query)
            #expect(answer.source == .popular)
            #expect(answer.items.map { $0.key } == expected)
            #expect(answer.items.map { Double($0.score) } == Array(counts.sorted(by: >)[..<10]))
        }
        let without = engine.recommend(RecommendQuery(k: 5, exclude: Array(expected[..<2])))
        #expect(
            without.items.map { $0.key } == Array(bruteForce(counts, excluding: [], k: 7)[2...]))
    }

    @Test func makesAVectorOutOfTheHistory() throws {
        let liked = [4, 17, 80]
        let columns = 0..<fixture.dimension - 1
        var mean = columns.map { column in
            liked.reduce(0.0) { $0 + Double(fixture.itemVectors[$1][column]) } / 3
        }
        let squares = fixture.userVectors.flatMap { $0.dropLast().map { Double($0 * $0) } }
        let wanted = (squares.reduce(0, +) / Double(fixture.userKeys.count)).squareRoot()
        let length = mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
        mean = mean.map { $0 * wanted / length } + [1]
        let scores = fixture.itemVectors.map {
            zip($0, mean).reduce(0) { $0 + Double($1.0) * $1.1 }
        }
        let history = liked.map { fixture.itemKeys[$0] }
        let answer = engine.recommend(RecommendQuery(history: history + [31_337], k: 12))
        #expect(answer.source == .history)
        #expect(
            answer.items.map { $0.key } == bruteForce(scores, excluding: Set(liked), k: 12))
        let all = engine.recommend(RecommendQuery(history: history, k: 12, excludeSeen: false))
        #expect(all.items.map { $0.key } == bruteForce(scores, excluding: [], k: 12))
        #expect(abs(Double(all.items[0].score) - (scores.max() ?? 0)) < 1e-5)
    }

    @Test func prefersTheLearnedVectorToTheHistory() {
        let history = [fixture.itemKeys[0]]
        let answer = engine.recommend(RecommendQuery(user: 100, history: history, k: 300))
        #expect(answer.source == .model)
        #expect(!answer.items.contains { $0.key == history[0] })
    }

    @Test func scoresCandidatesAsItRanksThem() {
        let answer = engine.recommend(RecommendQuery(user: 107, k: 300, excludeSeen: false))
        let keys = answer.items.map { $0.key }
        #expect(engine.scores(user: 107, items: keys) == answer.items.map { $0.score })
        #expect(engine.scores(user: 107, items: [5, keys[9]])[0] == -.infinity)
        let strangers = engine.scores(user: 5, items: [fixture.itemKeys[2], 5])
        #expect(strangers == [Float(fixture.counts[2]), -.infinity])
    }

    @Test func servesModelsWithoutUsers() throws {
        let fixture = ExportFixture.random(users: 0, items: 5, dimension: 3, seed: 2)
        let answer = try Self.engine(fixture).recommend(
            RecommendQuery(history: [fixture.itemKeys[1]], k: 2))
        #expect(answer.source == .history)
        #expect(answer.items.count == 2)
    }

    @Test func keepsTitlesThatAreNotASCII() throws {
        var fixture = ExportFixture.random(users: 1, items: 3, dimension: 3, seed: 3)
        fixture.titles = ["", "Ärger \"im\" Paradies", "千と千尋"]
        fixture.seen = [[]]
        let items = try Self.engine(fixture).recommend(RecommendQuery(user: 100)).items
        #expect(Set(items.map { $0.title }) == Set(fixture.titles))
    }
}
