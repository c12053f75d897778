import LehrTable

extension JobSection {
    /// The `optimizer` section; a model has no use for the optimizer of tables that it lacks.
    func optimizers(for model: ModelSpec) -> OptimizerSpecs {
        let adagrad = Optimizer(rule: .adagrad(initialAccumulator: 1e-6), learningRate: 0.1)
        let sparse = optimizer("sparse", default: adagrad)
        var bias = sparse
        bias.l2 = 0
        bias.l1 = 0
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

    /// What gradients can be applied by. A moving average is none of these: it takes samples.
    private static let rules = [
        "sgd", "momentum", "adagrad", "shared-adagrad", "adam", "lazy-adam", "shared-adam",
        "rmsprop", "ftrl",
    ]

    func optimizer(_ key: String, default standard: Optimizer) -> Optimizer {
        guard has(key) else { return standard }
        let section = section(key)
        guard let kind = section.word("kind", among: Self.rules) else {
            if !section.has("kind") {
                section.report(
                    "kind", "missing; expected one of \(Self.rules.joined(separator: ", "))")
            }
            section.passAll()
            return standard
        }
        defer { section.finish() }
        let (rule, standardRate) = section.rule(kind)
        let isFTRL = kind == "ftrl"
        var optimizer = Optimizer(
            rule: rule,
            learningRate: section.number(
                "learning-rate", in: isFTRL ? Optimizer.ftrlRates : Optimizer.rates,
                default: standardRate),
            l2: section.number(
                "l2", in: isFTRL ? Optimizer.penalties : Optimizer.decayPenalties, default: 0),
            l1: section.number("l1", in: Optimizer.penalties, default: 0),
            clipping: Clipping(
                value: section.limit("clip-gradient"), norm: section.limit("clip-norm"),
                weight: section.limit("clip-weight")),
            scalesByShows: section.flag("scale-by-shows", default: false),
            notANumber: section.choice("not-a-number", default: .refuse))
        let decay = optimizer.learningRate * optimizer.l2
        if !isFTRL, decay >= 1 {
            section.report("l2", "times learning-rate stays below 1, found \(decay)")
        }
        if rule.takesSchedule {
            optimizer.schedule = section.schedule(rate: optimizer.learningRate)
        } else {
            section.refuse("schedule", "the rate of \(kind) falls by itself")
        }
        return optimizer
    }

    /// The rule of the name `kind`, and the learning rate that it has unless one is given.
    private func rule(_ kind: String) -> (Optimizer.Rule, rate: Float) {
        switch kind {
        case "sgd": return (.sgd, 0.1)
        case "momentum":
            let rule = Optimizer.Rule.momentum(
                decay: number("momentum", in: Optimizer.decays, default: 0.9),
                isNesterov: flag("nesterov", default: false))
            return (rule, 0.01)
        case "adagrad":
            return (.adagrad(initialAccumulator: accumulator(default: 1e-6)), 0.1)
        case "shared-adagrad":
            return (.sharedAdagrad(initialAccumulator: accumulator(default: 3)), 0.1)
        case "lazy-adam":
            let rule = Optimizer.Rule.lazyAdam(
                beta1: number("beta1", in: 0...Optimizer.lazyBeta1Limit, default: 0.9),
                beta2: number("beta2", in: Optimizer.decays, default: 0.999),
                epsilon: number("epsilon", in: Optimizer.lazyEpsilons, default: 1e-8))
            return (rule, 1e-3)
        case "rmsprop":
            let rule = Optimizer.Rule.rmsprop(
                alpha: number("alpha", in: Optimizer.decays, default: 0.99),
                epsilon: number("epsilon", in: Optimizer.epsilons, default: 1e-8))
            return (rule, 0.01)
        case "ftrl":
            return (.ftrl(beta: number("beta", in: Optimizer.ftrlBetas, default: 1)), 0.1)
        default:
            let beta1 = number("beta1", in: Optimizer.decays, default: 0.9)
            let beta2 = number("beta2", in: Optimizer.decays, default: 0.999)
            let epsilon = number("epsilon", in: Optimizer.epsilons, default: 1e-8)
            let rule: Optimizer.Rule =
                kind == "shared-adam"
                ? .sharedAdam(beta1: beta1, beta2: beta2, epsilon: epsilon)
                : .adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
            return (rule, 1e-3)
        }
    }

    private func accumulator(default standard: Float) -> Float {
        number("initial-accumulator", in: Optimizer.accumulators, default: standard)
    }

    /// A limit of `Clipping`; absent is none.
    private func limit(_ key: String) -> Float? {
        guard has(key) else { return nil }
        return number(key, in: Clipping.limits, default: Clipping.limits.upperBound)
    }
}
