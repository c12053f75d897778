import CLehrKernels
import LehrGraph

/// The forward half of a two-tower model: vectors whose dot product is the score.
///
/// With an item bias a vector has one more column: an item's holds the bias, a user's holds 1.
/// Belongs to one thread at a time; keeps its own copy of the layers.
package final class TowerScorer {
    /// Columns of a vector.
    package let columns: Int
    private let dimension: Int
    private let user: Half
    private let item: Half

    /// Vectors are computed this many rows at a time, which bounds the memory of a call.
    private static let rowsAtOnce = 1024

    package init(_ model: TwoTowerSpec) {
        columns = model.dimension + (model.hasItemBias ? 1 : 0)
        dimension = model.dimension
        user = Half(model, Tower.user)
        item = Half(model, Tower.item)
    }

    /// Copies the rows of the dense tables, in the order of the job's tables.
    package func setDense(_ rows: [RowValues]) {
        precondition(
            rows.count == user.layers.count + item.layers.count,
            "a weight and a bias are given for each layer")
        user.setDense(rows.prefix(user.layers.count))
        item.setDense(rows.suffix(item.layers.count))
    }

    /// The vectors of users, row by row, from rows of the table `user`.
    package func userVectors(rows: RowValues) -> [Float] {
        vectors(user, rows, biases: nil)
    }

    /// The vectors of items, row by row, from rows of the tables `item` and `item-bias`; `biases`
    /// is nil for a model without.
    package func itemVectors(rows: RowValues, biases: RowValues?) -> [Float] {
        precondition((biases != nil) == (item.tower.biases != nil), "biases as the model has them")
        return vectors(item, rows, biases: biases)
    }

    private func vectors(_ half: Half, _ rows: RowValues, biases: RowValues?) -> [Float] {
        precondition(rows.count % dimension == 0, "rows have the model's dimension")
        let count = rows.count / dimension
        precondition(biases?.count ?? count == count, "there is a bias for each row")
        return Array(unsafeUninitializedCapacity: count * columns) { result, filled in
            for first in stride(from: 0, to: count, by: Self.rowsAtOnce) {
                let range = first..<min(first + Self.rowsAtOnce, count)
                let source = half.run(
                    RowValues(
                        rebasing: rows[range.lowerBound * dimension..<range.upperBound * dimension]),
                    biases: biases.map { RowValues(rebasing: $0[range]) }, count: range.count)
                let target = UnsafeMutableBufferPointer(
                    rebasing: result[range.lowerBound * columns..<range.upperBound * columns])
                _ = target.initialize(from: source)
            }
            filled = count * columns
        }
    }

    /// The dot product for each pair of a row of `users` and a row of `items`.
    func scores(
        users: [Float], items: [Float], pairs: Zip2Sequence<[Int32], [Int32]>
    ) -> [Float] {
        users.withUnsafeBufferPointer { users in
            items.withUnsafeBufferPointer { items in
                pairs.map { user, item in
                    let (left, right) = (Int(user) * columns, Int(item) * columns)
                    precondition(
                        left >= 0 && left + columns <= users.count && right >= 0
                            && right + columns <= items.count, "a pair names rows that exist")
                    return lehr_dot(
                        users.baseAddress.map { $0 + left }, items.baseAddress.map { $0 + right },
                        columns)
                }
            }
        }
    }
}

extension TowerScorer {
    /// One tower's graph.
    fileprivate final class Half {
        let tower: Tower
        private let graph: Graph
        private let extent: Extent
        /// The layers' weights and biases.
        let layers: [(tensor: Tensor, memory: FloatBuffer)]

        init(
            _ model: TwoTowerSpec,
            _ makeTower: (TwoTowerSpec, Extent, inout GraphBuilder) -> Tower
        ) {
            var builder = GraphBuilder()
            extent = builder.extent(expected: 1)
            tower = makeTower(model, extent, &builder)
            graph = builder.build()
            layers = tower.dense.map { tensor in
                guard case .fixed(let rows) = tensor.rows else {
                    preconditionFailure("a layer has a fixed size")
                }
                return (tensor, FloatBuffer(count: rows * tensor.columns))
            }
            for layer in layers { graph.bind(layer.tensor, values: layer.memory.readable) }
        }

        func setDense(_ rows: ArraySlice<RowValues>) {
            for (layer, source) in zip(layers, rows) {
                precondition(source.count == layer.memory.count, "a layer's rows fit its shape")
                _ = layer.memory.floats.update(from: source)
            }
        }

        /// Valid until the next run.
        func run(_ rows: RowValues, biases: RowValues?, count: Int) -> UnsafeBufferPointer<Float> {
            graph.setRows(extent, count)
            graph.bind(tower.rows, values: rows)
            if let column = tower.biases, let biases { graph.bind(column, values: biases) }
            graph.forward()
            return graph.values(of: tower.vectors)
        }
    }
}
