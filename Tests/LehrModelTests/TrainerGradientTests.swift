import LehrCore
import LehrData
import LehrGraph
import LehrTable
import Testing

@testable import LehrModel

/// A trainer's gradient rows against central finite differences of its loss.
struct TrainerGradientTests {
    static let models = [
        "",
        "  log-q-correction: none\n  item-bias: false",
        "  user: {hidden: [5], activation: tanh}\n  item: {hidden: [4, 3], activation: sigmoid}",
        "  normalize: true\n  temperature: 0.5\n  item: {hidden: [4], activation: tanh}",
        "  loss: sampled-softmax\n  negatives: 9",
        "  loss: sampled-softmax\n  negatives: 5\n  negative-distribution: popularity\n"
            + "  log-q-correction: negatives\n  user: {hidden: [5], activation: tanh}",
        "  loss: bce\n  negatives: 3",
        "  loss: bce\n  negatives: 2\n  normalize: true\n  negative-distribution: popularity",
    ]

    @Test(arguments: models)
    func twoTowersAgreeWithFiniteDifferences(model: String) throws {
        let text = JobText.twoTower(
            model: "  dimension: 4\n  initializer: {kind: uniform, scale: 1}\n\(model)")
        let job = try JobSpec(yaml: text)
        let items = ItemDistribution(keys: [10, 11, 12, 13, 14], counts: [9, 4, 0, 2, 1])
        let pairs: [(user: UInt64, item: UInt64)] = [
            (1, 10), (2, 11), (1, 13), (3, 10), (3, 99), (2, 12), (4, 11),
        ]
        let trainer = try Trainer(job: job, items: items)
        var random = RandomSource(seed: 5)
        let batch = try trainer.prepareTraining(Batch(pairs: pairs), random: &random)
        #expect(batch.keys[0] == [1, 2, 3, 4])
        check(trainer, batch, isSoftmax: !model.contains("bce"))
    }

    @Test func logisticRegressionAgreesWithFiniteDifferences() throws {
        let text = JobText.logistic.replacing(
            "logistic-regression",
            with: "logistic-regression\n  initializer: {kind: uniform, scale: 1}")
        let trainer = try Trainer(job: try JobSpec(yaml: text))
        let features = FeatureColumn(
            "features", [[7, 8], [], [9, 7, 9], [8]], values: [1, -0.5, 2, 0.25, 1, 3])
        let source = Batch(count: 4, columns: [features], labels: [1, 0, 0, 1])
        var random = RandomSource(seed: 1)
        let batch = try trainer.prepareTraining(source, random: &random)
        #expect(batch.keys == [[7, 8, 9], [0]])
        check(trainer, batch, isSoftmax: false)
    }

    private func check(_ trainer: Trainer, _ batch: PreparedBatch, isSoftmax: Bool) {
        var store = MemoryStore(trainer.tables, rate: 0)
        let rows = store.pull(batch)
        // Larger layers, so that every one matters.
        for (table, spec) in trainer.tables.enumerated() where spec.keys != .hashed {
            for index in 0..<rows[table].count { rows[table].floats[index] *= 2 }
        }
        let step = trainer.step(batch, rows: rows)
        #expect(step.result.count == batch.count && step.result.lossSum.isFinite)
        let lastItemBias = trainer.tables.last { $0.name.hasPrefix("item/") }?.name
        let h: Float = 1.0 / 128
        for table in trainer.tables.indices {
            for index in 0..<rows[table].count {
                let original = rows[table].floats[index]
                rows[table].floats[index] = original + h
                let above = trainer.step(batch, rows: rows).result.lossSum
                rows[table].floats[index] = original - h
                let below = trainer.step(batch, rows: rows).result.lossSum
                rows[table].floats[index] = original
                let expected = (above - below) / (2 * Double(h)) / Double(batch.count)
                let actual = Double(step.gradients[table].floats[index])
                #expect(
                    abs(actual - expected) <= 1e-4 + 1e-2 * abs(expected),
                    "\(trainer.tables[table].name)[\(index)]: \(actual) for \(expected)")
            }
            let steepest = step.gradients[table].readable.map { abs($0) }.max() ?? 0
            // Softmax does not change when all items move alike, as by their last bias.
            guard !(isSoftmax && trainer.tables[table].name == lastItemBias) else { continue }
            #expect(steepest > 1e-3, "\(trainer.tables[table].name) has a gradient")
        }
    }
}
