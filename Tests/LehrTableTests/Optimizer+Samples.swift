@testable import LehrTable

extension Optimizer {
    /// One of each rule, with the rate that suits it.
    static let everyRule: [Optimizer] = [
        Optimizer(rule: .sgd, learningRate: 0.05),
        Optimizer(rule: .momentum(decay: 0.9), learningRate: 0.01),
        Optimizer(rule: .momentum(decay: 0.9, isNesterov: true), learningRate: 0.01),
        Optimizer(rule: .adagrad(initialAccumulator: 0.1), learningRate: 0.05),
        Optimizer(rule: .sharedAdagrad(), learningRate: 0.05),
        Optimizer(rule: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), learningRate: 0.02),
        Optimizer(rule: .lazyAdam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), learningRate: 0.02),
        Optimizer(rule: .sharedAdam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), learningRate: 0.02),
        Optimizer(rule: .rmsprop(alpha: 0.99, epsilon: 1e-8), learningRate: 0.01),
        Optimizer(rule: .ftrl(), learningRate: 0.1),
        Optimizer(rule: .movingAverage(decay: 0.95), learningRate: 0),
    ]

    /// Every rule with decay, and with every option that it can have.
    static let everyRuleWithOptions: [Optimizer] = everyRule.map { plain in
        var optimizer = plain
        if plain.rule != .movingAverage(decay: 0.95) {
            optimizer.l1 = 0.3
            optimizer.l2 = 0.01
        }
        if plain.rule.takesSchedule {
            optimizer.schedule = LearningRateSchedule(
                .exponential(factor: 0.5, every: 40), warmUp: 7)
        }
        optimizer.clipping = Clipping(value: 0.4, norm: 0.7, weight: 0.25)
        optimizer.scalesByShows = true
        optimizer.notANumber = .clip
        return optimizer
    }
}
