import CLehrKernels
import LehrCore
package import LehrTable

extension JobSpec {
    /// The tables of the model, in the order in which a trainer takes their rows.
    ///
    /// Two towers: `user`, `item`, `item-bias` where there is one, then `user/0/weight`,
    /// `user/0/bias`, `user/1/weight` ... and those of `item`. Logistic regression: `weight`, `bias`.
    /// A weight of a layer is `inputs x outputs`, a row an input.
    package var tables: [TableSpec] {
        switch model {
        case .twoTower(let model):
            [
                table("user", dimension: model.dimension, model.initializer, .sparse),
                table("item", dimension: model.dimension, model.initializer, .sparse),
            ]
                + (model.hasItemBias
                    ? [table("item-bias", dimension: 1, .constant(0), .itemBias)] : [])
                + layers("user", model.user, dimension: model.dimension)
                + layers("item", model.item, dimension: model.dimension)
        case .logisticRegression(let model):
            [
                table("weight", dimension: 1, model.initializer, .sparse),
                table("bias", rows: 1, dimension: 1, .constant(0), .dense),
            ]
        }
    }

    private func layers(_ tower: String, _ spec: TowerSpec, dimension: Int) -> [TableSpec] {
        spec.layerSizes(dimension: dimension).enumerated().flatMap { index, size in
            // Uniform within sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010).
            let bound = lehr_sqrtf(6 / Float(size.inputs + size.outputs))
            return [
                table(
                    "\(tower)/\(index)/weight", rows: size.inputs, dimension: size.outputs,
                    .uniform(low: -bound, high: bound), .dense),
                table(
                    "\(tower)/\(index)/bias", rows: 1, dimension: size.outputs, .constant(0),
                    .dense),
            ]
        }
    }

    private func table(
        _ name: String, rows: Int? = nil, dimension: Int, _ initializer: Initializer,
        _ kind: TableKind
    ) -> TableSpec {
        var seed = RandomSource(seed: training.seed, path: featureKey(name.utf8))
        let (optimizer, storage, wire) = settings(of: kind)
        return TableSpec(
            name: name, keys: rows.map { .rows(UInt64($0)) } ?? .hashed, dimension: dimension,
            initializer: initializer, optimizer: optimizer, storage: storage, seed: seed.next(),
            wire: wire)
    }

    /// What sections of a job file set for several tables at once.
    private enum TableKind {
        case sparse
        case itemBias
        case dense
    }

    private func settings(of kind: TableKind) -> (Optimizer, RowStorage, WireFormat) {
        switch kind {
        case .sparse: (optimizers.sparse, storage, wire.sparse)
        case .itemBias: (optimizers.itemBias, itemBiasStorage, wire.itemBias)
        case .dense: (optimizers.dense, RowStorage(), wire.dense)
        }
    }
}

extension TowerSpec {
    /// Inputs and outputs of each layer of a tower over embeddings of `dimension` columns.
    func layerSizes(dimension: Int) -> [(inputs: Int, outputs: Int)] {
        guard !hidden.isEmpty else { return [] }
        return Array(zip([dimension] + hidden, hidden + [dimension]))
            .map { (inputs: $0, outputs: $1) }
    }
}
