extension TableSpec {
    /// The ranges that `OptimizerKernel.gradientLimit` counts on.
    func checkOptimizer() throws(TableSpecError) {
        try check(
            "optimizer.learningRate", optimizer.learningRate, in: Optimizer.rates, "0 to 1e3")
        try checkRule()
        try checkRegularization()
        try checkSchedule()
        try checkClipping()
    }

    private func checkRule() throws(TableSpecError) {
        switch optimizer.rule {
        case .sgd: break
        case .momentum(let decay, _):
            try checkDecay("optimizer.momentum.decay", decay)
        case .adagrad(let accumulator):
            try check(
                "optimizer.adagrad.initialAccumulator", accumulator, in: Optimizer.accumulators,
                "1e-20 to 1e20")
        case .sharedAdagrad(let accumulator):
            try check(
                "optimizer.sharedAdagrad.initialAccumulator", accumulator,
                in: Optimizer.accumulators, "1e-20 to 1e20")
        case .adam(let beta1, let beta2, let epsilon):
            try checkAdam("adam", beta1, beta2, epsilon)
        case .lazyAdam(let beta1, let beta2, let epsilon):
            // A key that comes often in one push has more steps than the correction knows of.
            try check(
                "optimizer.lazyAdam.beta1", beta1, in: 0...Optimizer.lazyBeta1Limit, "0 to 0.9999")
            try checkDecay("optimizer.lazyAdam.beta2", beta2)
            try check(
                "optimizer.lazyAdam.epsilon", epsilon, in: Optimizer.lazyEpsilons, "1e-10 to 1")
        case .sharedAdam(let beta1, let beta2, let epsilon):
            try checkAdam("sharedAdam", beta1, beta2, epsilon)
        case .rmsprop(let alpha, let epsilon):
            try checkDecay("optimizer.rmsprop.alpha", alpha)
            try check("optimizer.rmsprop.epsilon", epsilon, in: Optimizer.epsilons, "1e-15 to 1")
        case .ftrl(let beta):
            try check("optimizer.ftrl.beta", beta, in: Optimizer.ftrlBetas, "1e-6 to 1e6")
            try check(
                "optimizer.learningRate", optimizer.learningRate, in: Optimizer.ftrlRates,
                "1e-6 to 1e3 with ftrl")
        case .movingAverage(let decay):
            try checkDecay("optimizer.movingAverage.decay", decay)
        }
    }

    private func checkAdam(
        _ rule: String, _ beta1: Float, _ beta2: Float, _ epsilon: Float
    ) throws(TableSpecError) {
        try checkDecay("optimizer.\(rule).beta1", beta1)
        try checkDecay("optimizer.\(rule).beta2", beta2)
        try check("optimizer.\(rule).epsilon", epsilon, in: Optimizer.epsilons, "1e-15 to 1")
    }

    private func checkDecay(_ field: String, _ decay: Float) throws(TableSpecError) {
        try check(field, decay, in: Optimizer.decays, "0 to below 1")
    }

    private func checkRegularization() throws(TableSpecError) {
        let (l1, l2, rate) = (optimizer.l1, optimizer.l2, optimizer.learningRate)
        switch optimizer.rule {
        case .ftrl:
            try check("optimizer.l2", l2, in: Optimizer.penalties, "0 to 1e3")
        case .movingAverage:
            try check("optimizer.l2", l2, in: 0...0, "0 with a moving average")
            try check("optimizer.l1", l1, in: 0...0, "0 with a moving average")
        default:
            // Decay is a contraction only while rate * l2 stays below 1.
            try check(
                "optimizer.l2", Optimizer.decayPenalties.contains(l2) && rate * l2 < 1,
                "0 to 1, and below 1 / learningRate", "\(l2)")
        }
        try check("optimizer.l1", l1, in: Optimizer.penalties, "0 to 1e3")
    }

    private func checkSchedule() throws(TableSpecError) {
        let schedule = optimizer.schedule
        if !optimizer.rule.takesSchedule {
            try check(
                "optimizer.schedule", schedule == .constant, "constant with this rule",
                "\(schedule.decay), warm-up \(schedule.warmUp)")
        }
        let periods = LearningRateSchedule.periods
        try check(
            "optimizer.schedule.warmUp", schedule.warmUp <= periods.upperBound, "0 to 2^53",
            "\(schedule.warmUp)")
        switch schedule.decay {
        case .constant: break
        case .step(let factor, let every), .exponential(let factor, let every):
            try check(
                "optimizer.schedule.factor", LearningRateSchedule.factors.contains(factor),
                "1e-9 to 1", "\(factor)")
            try check(
                "optimizer.schedule.every", periods.contains(every), "1 to 2^53", "\(every)")
        case .inverseTime(let factor, let every):
            try check(
                "optimizer.schedule.factor", LearningRateSchedule.inverseFactors.contains(factor),
                "0 to 1e9", "\(factor)")
            try check(
                "optimizer.schedule.every", periods.contains(every), "1 to 2^53", "\(every)")
        case .cosine(let floor, let steps):
            try check(
                "optimizer.schedule.floor", floor >= 0 && floor <= optimizer.learningRate,
                "0 to learningRate", "\(floor)")
            try check(
                "optimizer.schedule.steps", periods.contains(steps), "1 to 2^53", "\(steps)")
        }
    }

    private func checkClipping() throws(TableSpecError) {
        let clipping = optimizer.clipping
        for (field, limit) in [
            ("value", clipping.value), ("norm", clipping.norm), ("weight", clipping.weight),
        ] {
            guard let limit else { continue }
            try check(
                "optimizer.clipping.\(field)", limit, in: Clipping.limits, "1e-6 to 1e12")
        }
    }

    private func check(
        _ field: String, _ value: Float, in range: ClosedRange<Float>, _ allowed: String
    ) throws(TableSpecError) {
        try check(field, range.contains(value), allowed, "\(value)")
    }
}
