import LehrTable

extension JobSection {
    /// The `optimizer` section; a model has no use for the optimizer of tables that it lacks.
    func optimizers(for model: ModelSpec) -> OptimizerSpecs {
        let adagrad = Optimizer(rule: .adagrad(initialAccumulator: 1e-6), learningRate: 0.1)
        let sparse = optimizer("sparse", default: adagrad)
        var bias = sparse
        bias.l2 = 0
        if case .twoTower(let model) = model, model.hasItemBias {
            bias = optimizer("item-bias", default: bias)
        } else {
            refuse("item-bias", "the model has no item bias")
        }
        let adam = Optimizer(
            rule: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), learningRate: 1e-3)
        return OptimizerSpecs(
            sparse: sparse, itemBias: bias, dense: optimizer("dense", default: adam))
    }

    private func optimizer(_ key: String, default standard: Optimizer) -> Optimizer {
        guard has(key) else { return standard }
        let section = section(key)
        guard let kind = section.word("kind", among: ["sgd", "adagrad", "adam"]) else {
            if !section.has("kind") {
                section.report("kind", "missing; expected one of sgd, adagrad, adam")
            }
            section.passAll()
            return standard
        }
        defer { section.finish() }
        let rule: Optimizer.Rule
        var rate: Float = 0.1
        switch kind {
        case "sgd": rule = .sgd
        case "adagrad":
            rule = .adagrad(
                initialAccumulator: section.number(
                    "initial-accumulator", in: 1e-20...1e20, default: 1e-6))
        default:
            let below = Float(1).nextDown
            rule = .adam(
                beta1: section.number("beta1", in: 0...below, default: 0.9),
                beta2: section.number("beta2", in: 0...below, default: 0.999),
                epsilon: section.number("epsilon", in: 1e-15...1, default: 1e-8))
            rate = 1e-3
        }
        rate = section.number("learning-rate", in: 0...1e3, default: rate)
        let l2 = section.number("l2", in: 0...1, default: 0)
        if rate * l2 >= 1 {
            section.report("l2", "times learning-rate stays below 1, found \(rate * l2)")
        }
        return Optimizer(rule: rule, learningRate: rate, l2: l2)
    }
}
