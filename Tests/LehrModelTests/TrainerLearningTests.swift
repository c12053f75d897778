import LehrCore
import LehrData
import LehrGraph
import Testing

@testable import LehrModel

/// Learning of planted structure with plain SGD.
struct TrainerLearningTests {
    /// Users and items belong to one of four tastes; users choose items of their own taste.
    private struct World {
        let users = 60
        let items = 40

        func draw(_ random: inout RandomSource) -> (user: UInt64, item: UInt64) {
            let user = random.below(users)
            // Skewed popularity: the smaller of two draws.
            let rank = min(random.below(items / 4), random.below(items / 4))
            return (UInt64(user), UInt64(1000 + rank * 4 + user % 4))
        }
    }

    @Test(arguments: [
        "  loss: in-batch-softmax", "  loss: sampled-softmax\n  negatives: 20",
        "  loss: bce\n  negatives: 4",
        "  normalize: true\n  temperature: 0.1\n  user: {hidden: [16], activation: tanh}\n"
            + "  item: {hidden: [16], activation: relu}",
    ])
    func twoTowersFindPlantedTastes(model: String) throws {
        let job = try JobSpec(
            yaml: JobText.twoTower(
                model: "  dimension: 8\n  initializer: {kind: uniform, scale: 0.3}\n\(model)"))
        let world = World()
        var random = RandomSource(seed: 3)
        var counts = Array(repeating: UInt64(0), count: world.items)
        for _ in 0..<4000 { counts[Int(world.draw(&random).item) - 1000] += 1 }
        let items = ItemDistribution(keys: (0..<40).map { UInt64(1000 + $0) }, counts: counts)
        let trainer = try Trainer(job: job, items: items)
        // Gradients are means over 64 examples, of which a row sees one or two.
        var store = MemoryStore(trainer.tables, rate: model.contains("normalize") ? 0.3 : 4)
        let before = try hitRate(trainer, &store, world)
        var losses: [Double] = []
        for _ in 0..<300 {
            let pairs = (0..<64).map { _ in world.draw(&random) }
            let batch = try trainer.prepareTraining(Batch(pairs: pairs), random: &random)
            let step = trainer.step(batch, rows: store.pull(batch))
            store.push(batch, step.gradients)
            losses.append(step.result.lossSum / 64)
        }
        let first = losses.prefix(20).reduce(0, +)
        let last = losses.suffix(20).reduce(0, +)
        #expect(last < 0.85 * first, "loss \(first / 20) to \(last / 20)")
        let after = try hitRate(trainer, &store, world)
        #expect(after > 0.9 && before < 0.5, "hit rate \(before) to \(after)")
    }

    /// The share of users whose best item is of their own taste; chance is a quarter.
    private func hitRate(
        _ trainer: Trainer, _ store: inout MemoryStore, _ world: World
    ) throws -> Double {
        let all = (0..<world.items).map { UInt64(1000 + $0) }
        let lists = Batch(
            count: world.users,
            columns: [
                FeatureColumn("user", (0..<world.users).map { [UInt64($0)] }),
                FeatureColumn("item", Array(repeating: all, count: world.users)),
            ], labels: [])
        let batch = try trainer.prepareScoring(lists)
        let scores = trainer.scores(of: batch, rows: store.pull(batch))
        #expect(scores.count == world.users * world.items)
        let hits = (0..<world.users).count { user in
            let own = scores[user * world.items..<(user + 1) * world.items]
            let best = own.indices.max { own[$0] < own[$1] } ?? 0
            return best % 4 == user % 4
        }
        return Double(hits) / Double(world.users)
    }

    @Test func logisticRegressionRanksPositivesFirst() throws {
        let trainer = try Trainer(job: try JobSpec(yaml: JobText.logistic))
        var store = MemoryStore(trainer.tables, rate: 2)
        var random = RandomSource(seed: 8)
        // Features below 10 speak for a positive, with some noise.
        func draw(_ count: Int) -> Batch {
            var (examples, labels): ([[UInt64]], [Float]) = ([], [])
            for _ in 0..<count {
                let label = random.below(3) == 0
                examples.append(
                    (0..<4).map { _ in
                        let isTelling = random.below(3) > 0
                        return UInt64((isTelling == label ? 0 : 10) + random.below(10))
                    })
                labels.append(label ? 1 : 0)
            }
            return Batch(
                count: count, columns: [FeatureColumn("features", examples)], labels: labels)
        }
        var losses: [Double] = []
        for _ in 0..<100 {
            let batch = try trainer.prepareTraining(draw(64), random: &random)
            let step = trainer.step(batch, rows: store.pull(batch))
            store.push(batch, step.gradients)
            losses.append(step.result.lossSum / 64)
        }
        #expect((losses.last ?? 1) < 0.8 * losses[0])
        let test = draw(500)
        let batch = try trainer.prepareScoring(test)
        let scores = trainer.scores(of: batch, rows: store.pull(batch))
        #expect(scores.allSatisfy { $0 > 0 && $0 < 1 })
        let positives = zip(scores, test.labels).filter { $0.1 > 0 }.map(\.0)
        let negatives = zip(scores, test.labels).filter { $0.1 == 0 }.map(\.0)
        let wins = positives.reduce(0) { sum, score in sum + negatives.count { $0 < score } }
        let area = Double(wins) / Double(positives.count * negatives.count)
        #expect(area > 0.8, "AUC \(area)")
    }
}
