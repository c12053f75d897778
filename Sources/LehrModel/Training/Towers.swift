import LehrGraph

/// One tower in a graph: rows of an embedding table in, vectors out.
struct Tower {
    /// The embedding table's rows, and a bias a row where this tower adds one.
    let rows: Tensor
    let biases: Tensor?
    /// The layers' weights and biases, in the order of the job's tables.
    let dense: [Tensor]
    /// Columns: the dimension, and one more where there is an item bias.
    let vectors: Tensor

    /// What the last column of a vector holds.
    enum LastColumn {
        case none
        /// A one, which meets the item's bias.
        case one
        case bias
    }

    init(
        _ spec: TowerSpec, of model: TwoTowerSpec, extent: Extent, scale: Float, last: LastColumn,
        in builder: inout GraphBuilder
    ) {
        rows = builder.parameter(rows: extent, columns: model.dimension)
        var vectors = rows
        var dense: [Tensor] = []
        let sizes = spec.layerSizes(dimension: model.dimension)
        for (index, size) in sizes.enumerated() {
            let weight = builder.parameter(rows: .fixed(size.inputs), columns: size.outputs)
            let bias = builder.parameter(rows: .fixed(1), columns: size.outputs)
            dense += [weight, bias]
            vectors = builder.biasAdd(builder.matmul(vectors, weight), bias)
            guard index < sizes.count - 1 else { break }
            switch spec.activation {
            case .relu: vectors = builder.relu(vectors)
            case .sigmoid: vectors = builder.sigmoid(vectors)
            case .tanh: vectors = builder.tanh(vectors)
            }
        }
        if model.isNormalized { vectors = builder.normalize(vectors) }
        if scale != 1 { vectors = builder.scale(vectors, by: scale) }
        switch last {
        case .none: biases = nil
        case .one:
            biases = nil
            vectors = builder.concat([vectors, builder.constant(1, rows: extent, columns: 1)])
        case .bias:
            let column = builder.parameter(rows: extent, columns: 1)
            biases = column
            vectors = builder.concat([vectors, column])
        }
        self.dense = dense
        self.vectors = vectors
    }

    /// The tower of users: it carries the temperature.
    static func user(
        _ model: TwoTowerSpec, extent: Extent, in builder: inout GraphBuilder
    ) -> Tower {
        Tower(
            model.user, of: model, extent: extent, scale: 1 / model.temperature,
            last: model.hasItemBias ? .one : .none, in: &builder)
    }

    /// The tower of items: it carries the bias.
    static func item(
        _ model: TwoTowerSpec, extent: Extent, in builder: inout GraphBuilder
    ) -> Tower {
        Tower(
            model.item, of: model, extent: extent, scale: 1,
            last: model.hasItemBias ? .bias : .none, in: &builder)
    }
}
