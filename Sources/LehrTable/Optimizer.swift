/// How a push changes a row.
///
/// The gradient `g` of a rule is the pushed one, divided by the row's shows, clipped by value, clipped
/// by norm (each only where asked for), plus `l2 * w`. The rule's step is followed by the shrinking of
/// `l1` and by the clipping of weights. Each is described where it is declared.
package struct Optimizer: Hashable, Sendable, Codable {
    package enum Rule: Hashable, Sendable, Codable {
        /// `w -= rate * g`
        case sgd
        /// `m = decay * m + g; w -= rate * m` (Polyak 1964), or, by Nesterov's look ahead,
        /// `w -= rate * (g + decay * m)` (Sutskever et al. 2013).
        case momentum(decay: Float, isNesterov: Bool = false)
        /// `G += g^2; w -= rate * g / sqrt(G)` per dimension, `G` starting at `initialAccumulator`
        /// (Duchi, Hazan and Singer 2011).
        case adagrad(initialAccumulator: Float)
        /// AdaGrad with one accumulator for the whole row, from 0 on:
        /// `w -= rate * g * sqrt(G0 / (G0 + G))`, and then `G += mean(g^2)`, `G0` being
        /// `initialAccumulator`. A row's first step has the full rate.
        case sharedAdagrad(initialAccumulator: Float = 3)
        /// Adam (Kingma and Ba 2014), applied to touched rows only, with a step count for each row.
        case adam(beta1: Float, beta2: Float, epsilon: Float)
        /// Adam applied to touched rows only, with the partition's count of pushes as step count.
        case lazyAdam(beta1: Float, beta2: Float, epsilon: Float)
        /// Adam with one second moment for the whole row, that of `mean(g^2)`, and a step count for
        /// each row.
        case sharedAdam(beta1: Float, beta2: Float, epsilon: Float)
        /// `v = alpha * v + (1 - alpha) * g^2; w -= rate * g / (sqrt(v) + epsilon)` (Tieleman and
        /// Hinton 2012).
        case rmsprop(alpha: Float, epsilon: Float)
        /// FTRL-Proximal (McMahan et al. 2013), whose `alpha` is the learning rate and whose `l1` and
        /// `l2` are those of the optimizer, taken into its own formula:
        /// `s = (sqrt(n + g^2) - sqrt(n)) / rate; z += g - s * w; n += g^2`, and `w` is 0 where
        /// `|z| <= l1`, elsewhere `-(z - sign(z) * l1) / ((beta + sqrt(n)) / rate + l2)`.
        ///
        /// `n` starts at 0, and `z` where the formula gives the row's initial weight.
        case ftrl(beta: Float = 1)
        /// `w = decay * w + (1 - decay) * g`, for running statistics, where what is pushed is no
        /// gradient but a sample; without rate, `l1` and `l2`.
        case movingAverage(decay: Float)
    }

    /// What is done to a gradient, or to shows and clicks, that are not numbers or are beyond
    /// `OptimizerKernel.gradientLimit`.
    package enum NotANumberPolicy: String, Hashable, Sendable, Codable, CaseIterable {
        /// The row of the push is refused, and counted.
        case refuse
        /// What is not a number becomes 0, what is too large the limit; applied, and counted.
        case clip
    }

    package var rule: Rule
    /// The rate before its schedule.
    package var learningRate: Float
    package var schedule: LearningRateSchedule
    /// Weight decay added to the gradient of touched rows.
    package var l2: Float
    /// `w = sign(w) * max(|w| - rate * l1, 0)` after the step (proximal gradient descent), which makes
    /// weights that are exactly 0.
    package var l1: Float
    package var clipping: Clipping
    /// Divides a gradient by the shows of its row in the push, where they are above 1.
    package var scalesByShows: Bool
    package var notANumber: NotANumberPolicy

    package init(
        rule: Rule, learningRate: Float, schedule: LearningRateSchedule = .constant, l2: Float = 0,
        l1: Float = 0, clipping: Clipping = Clipping(), scalesByShows: Bool = false,
        notANumber: NotANumberPolicy = .refuse
    ) {
        self.rule = rule
        self.learningRate = learningRate
        self.schedule = schedule
        self.l2 = l2
        self.l1 = l1
        self.clipping = clipping
        self.scalesByShows = scalesByShows
        self.notANumber = notANumber
    }
}

/// Bounds of gradients and weights; nil is none.
package struct Clipping: Hashable, Sendable, Codable {
    /// Each float of a gradient is brought into `-value ... value`.
    package var value: Float?
    /// A row's gradient whose L2 norm is larger is scaled down to this one.
    package var norm: Float?
    /// Each float of a weight is brought into `-weight ... weight` after the step.
    package var weight: Float?

    package init(value: Float? = nil, norm: Float? = nil, weight: Float? = nil) {
        self.value = value
        self.norm = norm
        self.weight = weight
    }
}
