import LehrTable

extension JobSection {
    /// The model, by its `kind`.
    func model(isPresent: Bool) -> ModelSpec {
        guard let kind = word("kind", among: ModelSpec.kinds) else {
            if isPresent, !has("kind") {
                report(
                    "kind", "missing; expected one of \(ModelSpec.kinds.joined(separator: ", "))")
            }
            // Without a kind nobody knows which keys belong here: all pass unexamined.
            passAll()
            return .logisticRegression(LogisticRegressionSpec(initializer: .constant(0)))
        }
        switch kind {
        case "two-tower": return .twoTower(twoTower())
        default:
            return .logisticRegression(
                LogisticRegressionSpec(initializer: initializer(default: .constant(0))))
        }
    }

    private func twoTower() -> TwoTowerSpec {
        let loss = choice("loss", default: TwoTowerSpec.Loss.inBatchSoftmax)
        var model = TwoTowerSpec(
            dimension: integer("dimension", in: 1...1024, default: 32),
            user: tower("user"), item: tower("item"), loss: loss, negatives: 0,
            negativeDistribution: .uniform, logQCorrection: .none,
            hasItemBias: flag("item-bias", default: true),
            isNormalized: flag("normalize", default: false),
            temperature: number("temperature", in: 1e-3...1e3, default: 1),
            initializer: initializer(default: .uniform(low: -0.05, high: 0.05)))
        if loss == .inBatchSoftmax {
            let reason = "in-batch-softmax takes its negatives from the batch"
            refuse("negatives", reason)
            refuse("negative-distribution", reason)
        } else {
            let (standard, limit) = loss == .sampledSoftmax ? (256, 65_536) : (4, 256)
            model.negatives = integer("negatives", in: 1...limit, default: standard)
            model.negativeDistribution = choice("negative-distribution", default: .uniform)
        }
        if loss == .binaryCrossEntropy {
            refuse("log-q-correction", "bce has no logits to correct")
        } else {
            model.logQCorrection = choice("log-q-correction", default: .all)
        }
        return model
    }

    private func tower(_ key: String) -> TowerSpec {
        let section = section(key)
        defer { section.finish() }
        return TowerSpec(
            hidden: section.integers("hidden", in: 1...4096, limit: 8),
            activation: section.choice("activation", default: .relu))
    }
}
