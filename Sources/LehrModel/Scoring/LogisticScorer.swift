package import LehrGraph

/// The forward half of a logistic regression. Belongs to one thread at a time.
package final class LogisticScorer {
    private let graph: Graph
    private let examples: Extent
    private let distinct: Extent
    private let column: ColumnSlot
    private let weights: Tensor
    private let bias: Tensor
    private let probabilities: Tensor
    private let biasMemory = FloatBuffer(count: 1)

    package init() {
        var builder = GraphBuilder()
        examples = builder.extent(expected: 1)
        distinct = builder.extent(expected: 1)
        column = builder.column()
        weights = builder.parameter(rows: distinct, columns: 1)
        bias = builder.parameter(rows: .fixed(1), columns: 1)
        let sums = builder.lookup(weights, column, rows: examples, pooling: .weightedSum)
        probabilities = builder.sigmoid(builder.biasAdd(sums, bias))
        graph = builder.build()
        graph.bind(bias, values: biasMemory.readable)
    }

    /// The probability of each example of `features`, whose indices name rows of `weights`.
    package func probabilities(
        of features: SparseColumn, weights rows: RowValues, bias: Float
    ) -> [Float] {
        graph.setRows(examples, features.count)
        graph.setRows(distinct, rows.count)
        graph.bind(column, features)
        graph.bind(weights, values: rows)
        biasMemory.floats[0] = bias
        graph.forward()
        return Array(graph.values(of: probabilities))
    }
}
