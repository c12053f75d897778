import LehrCore
import LehrData
import LehrGraph
import Testing

@testable import LehrModel

struct TrainerTests {
    private static let items = ItemDistribution(keys: [10, 11, 12], counts: [5, 3, 2])
    private static let pairs = Batch(pairs: [(1, 10), (2, 11), (1, 12), (3, 10)])

    @Test(arguments: TrainerGradientTests.models)
    func equalStepsAreEqualBitForBit(model: String) throws {
        let job = try JobSpec(yaml: JobText.twoTower(model: "  dimension: 24\n\(model)"))
        let (first, second) = (
            try Trainer(job: job, items: Self.items), try Trainer(job: job, items: Self.items)
        )
        // The second trainer has done other work before.
        var other = RandomSource(seed: 77)
        let large = Batch(pairs: (0..<50).map { (UInt64($0), UInt64(10 + $0 % 5)) })
        let noise = try second.prepareTraining(large, random: &other)
        var store = MemoryStore(job.tables, rate: 0)
        _ = second.step(noise, rows: store.pull(noise))

        var (left, right) = (RandomSource(seed: 4), RandomSource(seed: 4))
        let batch = try first.prepareTraining(Self.pairs, random: &left)
        let again = try second.prepareTraining(Self.pairs, random: &right)
        #expect(batch.keys == again.keys)
        let rows = store.pull(batch)
        let one = first.step(batch, rows: rows)
        let two = second.step(again, rows: rows)
        #expect(one.result == two.result)
        for (a, b) in zip(one.gradients, two.gradients) {
            #expect(a.readable.map(\.bitPattern) == b.readable.map(\.bitPattern))
        }
    }

    @Test func scoresAreDotProductsPlusBias() throws {
        let job = try JobSpec(yaml: JobText.twoTower(model: "  dimension: 3"))
        let trainer = try Trainer(job: job)
        let lists = Batch(
            count: 2,
            columns: [
                FeatureColumn("user", [[1], [2]]),
                FeatureColumn("item", [[10, 11], [12, 10, 11]]),
            ], labels: [])
        let batch = try trainer.prepareScoring(lists)
        #expect(batch.keys == [[1, 2], [10, 11, 12], [10, 11, 12]])
        let values: [[Float]] = [[1, 2, 3, -1, 0, 1], [1, 0, 0, 0, 1, 0, 1, 1, 1], [0.5, 0, -4]]
        let rows = values.map { source in
            let buffer = FloatBuffer(count: source.count)
            for (index, value) in source.enumerated() { buffer.floats[index] = value }
            return buffer
        }
        #expect(
            trainer.scores(of: batch, rows: rows) == [1.5, 2, -4, -0.5, 0])
    }

    @Test func vectorsOfManyRowsEqualThoseOfOne() throws {
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: "  dimension: 4\n  normalize: true\n  temperature: 0.5\n"
                    + "  user: {hidden: [6], activation: tanh}"))
        guard case .twoTower(let model) = job.model else { return }
        let scorer = TowerScorer(model)
        #expect(scorer.columns == 5)
        var random = RandomSource(seed: 2)
        func buffer(_ count: Int) -> FloatBuffer {
            let buffer = FloatBuffer(count: count)
            for index in 0..<count { buffer.floats[index] = random.uniform() - 0.5 }
            return buffer
        }
        let dense = [4 * 6, 6, 6 * 4, 4].map { buffer($0) }
        withExtendedLifetime(dense) { scorer.setDense(dense.map(\.readable)) }
        let (rows, biases) = (buffer(2500 * 4), buffer(2500))
        defer { withExtendedLifetime((rows, biases)) {} }
        let users = scorer.userVectors(rows: rows.readable)
        let items = scorer.itemVectors(rows: rows.readable, biases: biases.readable)
        #expect(users.count == 2500 * 5 && items.count == 2500 * 5)
        for row in [0, 1023, 1024, 2499] {
            let one = RowValues(rebasing: rows.readable[row * 4..<row * 4 + 4])
            let user = scorer.userVectors(rows: one)
            for column in 0..<5 { #expect(abs(users[row * 5 + column] - user[column]) < 1e-6) }
            #expect(user[4] == 1)
            // Normalised, over the temperature: users have length 2, items 1.
            #expect(abs(user.prefix(4).reduce(0) { $0 + $1 * $1 } - 4) < 1e-4)
            let item = items[row * 5..<row * 5 + 5]
            #expect(abs(item.prefix(4).reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
            #expect(item.last == biases.floats[row])
        }
        #expect(scorer.userVectors(rows: RowValues(rebasing: rows.readable[..<0])).isEmpty)
    }

    @Test func negativesAreAmongTheKeys() throws {
        let job = try JobSpec(
            yaml: JobText.twoTower(model: "  loss: sampled-softmax\n  negatives: 50"))
        let trainer = try Trainer(job: job, items: Self.items)
        var random = RandomSource(seed: 6)
        let batch = try trainer.prepareTraining(
            Batch(pairs: [(1, 99), (2, 11)]), random: &random)
        #expect(batch.keys[1].prefix(2) == [99, 11])
        #expect(Set(batch.keys[1]) == [99, 11, 10, 12] && batch.keys[1].count == 4)
        #expect(batch.keys[2] == batch.keys[1])
    }

    @Test func whatDoesNotFitIsRefused() throws {
        var random = RandomSource(seed: 1)
        let job = try JobSpec(yaml: JobText.twoTower())
        let trainer = try Trainer(job: job)
        let features = Batch(count: 1, columns: [FeatureColumn("features", [[1]])], labels: [1])
        #expect(throws: ModelError.missingColumn(name: "user", found: ["features"])) {
            try trainer.prepareTraining(features, random: &random)
        }
        let lists = Batch(
            count: 2,
            columns: [FeatureColumn("user", [[1], [2]]), FeatureColumn("item", [[3], [4, 5]])],
            labels: [])
        #expect(throws: ModelError.notSingle(column: "item", example: 1, found: 2)) {
            try trainer.prepareTraining(lists, random: &random)
        }
        let logistic = try Trainer(job: try JobSpec(yaml: JobText.logistic))
        let unlabelled = Batch(count: 1, columns: features.columns, labels: [])
        #expect(throws: ModelError.missingLabels) {
            try logistic.prepareTraining(unlabelled, random: &random)
        }
        let sampled = try JobSpec(yaml: JobText.twoTower(model: "  loss: bce"))
        #expect(throws: ModelError.noItems) { try Trainer(job: sampled) }
    }

    @Test func itemsAreDrawnInProportionToTheirCounts() {
        let items = ItemDistribution(keys: [7, 8, 9, 10], counts: [1, 0, 6, 3])
        var random = RandomSource(seed: 12)
        var drawn = [0, 0, 0, 0]
        for _ in 0..<20_000 { drawn[items.draw(.popularity, &random)] += 1 }
        #expect(drawn[1] == 0)
        for (position, share) in [(0, 0.1), (2, 0.6), (3, 0.3)] {
            #expect(abs(Double(drawn[position]) / 20_000 - share) < 0.015)
            #expect(abs(Double(items.probability(at: position, .popularity)) - share) < 1e-6)
        }
        var seen = [0, 0, 0, 0]
        for _ in 0..<20_000 { seen[items.draw(.uniform, &random)] += 1 }
        #expect(seen.allSatisfy { abs($0 - 5000) < 300 })
        #expect(items.share(at: nil) == 0.1 && items.share(at: 1) == 0.1)
    }
}
