import LehrCore
import LehrData
import LehrGraph

/// Trains a logistic regression on labelled sparse features.
final class LogisticModel: CompiledModel {
    private let graph: Graph
    private let batch: Extent
    private let distinct: Extent
    private let column: ColumnSlot
    private let weights: Tensor
    private let bias: Tensor
    private let labels: Tensor
    private let loss: Tensor
    private let scorer = LogisticScorer()

    init(job: JobSpec) {
        var builder = GraphBuilder()
        batch = builder.extent(expected: job.training.batchSize)
        distinct = builder.extent(expected: job.training.batchSize)
        column = builder.column()
        weights = builder.parameter(rows: distinct, columns: 1)
        bias = builder.parameter(rows: .fixed(1), columns: 1)
        labels = builder.input(rows: batch, columns: 1)
        let sums = builder.lookup(weights, column, rows: batch, pooling: .weightedSum)
        loss = builder.binaryCrossEntropy(
            logits: builder.biasAdd(sums, bias), targets: labels)
        graph = builder.build()
    }

    func prepareTraining(
        _ batch: Batch, _ random: inout RandomSource
    ) throws(ModelError) -> PreparedBatch {
        guard batch.labels.count == batch.count else { throw .missingLabels }
        return try prepareScoring(batch)
    }

    func prepareScoring(_ batch: Batch) throws(ModelError) -> PreparedBatch {
        let features = try batch.column("features")
        let column = SparseColumn(
            offsets: features.offsets, indices: features.indices, values: features.values)
        return PreparedBatch(
            count: batch.count, keys: [features.distinct, [0]],
            content: .features(column: column, labels: batch.labels.map { $0 > 0 ? 1 : 0 }))
    }

    func step(_ batch: PreparedBatch, rows: [RowValues], gradients: [RowGradients]) -> Double {
        guard case .features(let column, let labels) = batch.content else {
            preconditionFailure("a batch is prepared by the model that takes it")
        }
        graph.setRows(self.batch, batch.count)
        graph.setRows(distinct, batch.keys[0].count)
        graph.bind(self.column, column)
        graph.set(self.labels, labels)
        graph.bind(weights, values: rows[0], gradients: gradients[0])
        graph.bind(bias, values: rows[1], gradients: gradients[1])
        graph.forward()
        graph.backward(from: loss)
        return Double(graph.values(of: loss)[0])
    }

    func scores(of batch: PreparedBatch, rows: [RowValues]) -> [Float] {
        guard case .features(let column, _) = batch.content else {
            preconditionFailure("a batch is prepared by the model that takes it")
        }
        return scorer.probabilities(of: column, weights: rows[0], bias: rows[1][0])
    }
}
