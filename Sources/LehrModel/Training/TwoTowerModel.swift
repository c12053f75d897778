import Glibc
import LehrCore
import LehrData
import LehrTable

/// Trains two towers on pairs of a user and an item.
final class TwoTowerModel: CompiledModel {
    private let spec: TwoTowerSpec
    private let tables: [TableSpec]
    private let items: ItemDistribution
    private let sampler: NegativeSampler
    private let graph: TwoTowerGraph
    private let scorer: TowerScorer
    private let denseKeys: [[UInt64]]

    init(_ spec: TwoTowerSpec, job: JobSpec, items: ItemDistribution) throws(ModelError) {
        guard spec.loss == .inBatchSoftmax || !items.keys.isEmpty else { throw .noItems }
        self.spec = spec
        self.items = items
        tables = job.tables
        sampler = NegativeSampler(items: items, distribution: spec.negativeDistribution)
        graph = TwoTowerGraph(spec, batchSize: job.training.batchSize)
        scorer = TowerScorer(spec)
        denseKeys = tables.denseKeys
    }

    func prepareTraining(
        _ batch: Batch, _ random: inout RandomSource
    ) throws(ModelError) -> PreparedBatch {
        let columns = try PairColumns(batch)
        try columns.requireSingleItems(count: batch.count)
        var content = PairContent(users: columns.user.indices, items: columns.item.indices)
        sampler.begin(columns.item.distinct)
        switch spec.loss {
        case .inBatchSoftmax:
            let shares = sampler.positions.map { items.share(at: $0) }
            setOffsets(
                &content, negatives: content.items, probabilities: shares,
                draws: Float(max(batch.count - 1, 1)))
        case .sampledSoftmax:
            content.negatives = (0..<spec.negatives).map { _ in sampler.draw(&random) }
            let probabilities = sampler.positions.map {
                items.probability(at: $0, spec.negativeDistribution)
            }
            setOffsets(
                &content, negatives: content.negatives, probabilities: probabilities,
                draws: Float(spec.negatives))
        case .binaryCrossEntropy: expand(&content, &random)
        }
        return prepared(batch, columns, itemKeys: sampler.keys, content)
    }

    func prepareScoring(_ batch: Batch) throws(ModelError) -> PreparedBatch {
        let columns = try PairColumns(batch)
        var content = PairContent(users: [], items: columns.item.indices)
        content.users.reserveCapacity(content.items.count)
        for example in 0..<batch.count {
            let size = columns.item.offsets[example + 1] - columns.item.offsets[example]
            for _ in 0..<size { content.users.append(columns.user.indices[example]) }
        }
        return prepared(batch, columns, itemKeys: columns.item.distinct, content)
    }

    private func prepared(
        _ batch: Batch, _ columns: PairColumns, itemKeys: [UInt64], _ content: PairContent
    ) -> PreparedBatch {
        let itemTables = spec.hasItemBias ? [itemKeys, itemKeys] : [itemKeys]
        return PreparedBatch(
            count: batch.count, keys: [columns.user.distinct] + itemTables + denseKeys,
            content: .pairs(content))
    }

    /// The logQ correction: `log(draws * probability)` of each negative, and of each positive
    /// where that is corrected as well (then the draws cancel out).
    private func setOffsets(
        _ content: inout PairContent, negatives: [Int32], probabilities: [Float], draws: Float
    ) {
        let corrections = probabilities.map {
            spec.logQCorrection == .none ? 0 : logf(draws * $0)
        }
        content.offsets = negatives.map { corrections[Int($0)] }
        content.positiveOffsets = content.items.map {
            spec.logQCorrection == .all ? corrections[Int($0)] : 0
        }
    }

    /// Follows each pair by its own drawn negatives.
    private func expand(_ content: inout PairContent, _ random: inout RandomSource) {
        var result = PairContent(users: [], items: [])
        for (user, item) in zip(content.users, content.items) {
            result.users += repeatElement(user, count: spec.negatives + 1)
            result.items.append(item)
            result.targets.append(1)
            for _ in 0..<spec.negatives {
                result.items.append(negative(otherThan: item, &random))
                result.targets.append(0)
            }
        }
        content = result
    }

    private func negative(otherThan item: Int32, _ random: inout RandomSource) -> Int32 {
        var drawn = sampler.draw(&random)
        // With a single item there is no other one: give up after some tries.
        for _ in 0..<8 where drawn == item { drawn = sampler.draw(&random) }
        return drawn
    }

    func step(_ batch: PreparedBatch, rows: [RowValues], gradients: [RowGradients]) -> Double {
        guard case .pairs(let content) = batch.content else {
            preconditionFailure("a batch is prepared by the model that takes it")
        }
        graph.bind(
            content, examples: batch.count, users: batch.keys[0].count, items: batch.keys[1].count)
        return graph.run(rows: rows, gradients: gradients)
    }

    func scores(of batch: PreparedBatch, rows: [RowValues]) -> [Float] {
        guard case .pairs(let content) = batch.content else {
            preconditionFailure("a batch is prepared by the model that takes it")
        }
        let itemTables = spec.hasItemBias ? 3 : 2
        scorer.setDense(Array(rows[itemTables...]))
        let users = scorer.userVectors(rows: rows[0])
        let items = scorer.itemVectors(rows: rows[1], biases: spec.hasItemBias ? rows[2] : nil)
        return scorer.scores(
            users: users, items: items, pairs: zip(content.users, content.items))
    }
}

extension [TableSpec] {
    /// All keys of each dense variable, in order.
    var denseKeys: [[UInt64]] {
        compactMap { table in
            guard case .rows(let count) = table.keys else { return nil }
            return Array<UInt64>(0..<count)
        }
    }
}
