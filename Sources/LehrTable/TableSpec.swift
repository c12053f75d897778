package import LehrCore

/// What a table is: everything a shard needs to create a partition of it.
///
/// Hashed tables and dense variables are the same thing with different key spaces: a dense variable
/// of `n` rows is a table whose keys are `0 ..< n`.
package struct TableSpec: Hashable, Sendable, Codable {
    /// Unique within its job, such as `user`.
    package var name: String
    package var keys: KeySpace
    /// Floats in a row's weight.
    package var dimension: Int
    package var initializer: Initializer
    package var optimizer: Optimizer
    /// Rows that nobody has written yet are a function of this seed and the key alone.
    package var seed: UInt64

    package init(
        name: String, keys: KeySpace, dimension: Int, initializer: Initializer,
        optimizer: Optimizer, seed: UInt64
    ) {
        self.name = name
        self.keys = keys
        self.dimension = dimension
        self.initializer = initializer
        self.optimizer = optimizer
        self.seed = seed
    }
}

/// The value of a row before its first push: the same on any shard, core or replay.
package enum Initializer: Hashable, Sendable, Codable {
    case constant(Float)
    /// Uniform in `[low, high)`.
    case uniform(low: Float, high: Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
}

/// How a push changes a row. `g` is the pushed gradient plus `l2 * w`.
package struct Optimizer: Hashable, Sendable, Codable {
    package enum Rule: Hashable, Sendable, Codable {
        /// `w -= rate * g`
        case sgd
        /// `G += g^2; w -= rate * g / sqrt(G)` per dimension, `G` starting at `initialAccumulator`.
        case adagrad(initialAccumulator: Float)
        /// Adam (Kingma and Ba 2014), applied to touched rows only, with a step count for each row.
        case adam(beta1: Float, beta2: Float, epsilon: Float)
    }

    package var rule: Rule
    package var learningRate: Float
    /// Weight decay added to the gradient of touched rows.
    package var l2: Float

    package init(rule: Rule, learningRate: Float, l2: Float = 0) {
        self.rule = rule
        self.learningRate = learningRate
        self.l2 = l2
    }
}
