package import LehrTable

/// The model of a job.
package enum ModelSpec: Hashable, Sendable {
    case twoTower(TwoTowerSpec)
    case logisticRegression(LogisticRegressionSpec)

    /// The kinds as job files name them.
    package static let kinds = ["two-tower", "logistic-regression"]
}

/// Two towers of which one makes a vector of a user and the other one of an item; the score is the
/// vectors' dot product, plus the item's bias where there is one.
package struct TwoTowerSpec: Hashable, Sendable {
    package enum Loss: String, Hashable, Sendable, CaseIterable {
        case inBatchSoftmax = "in-batch-softmax"
        case sampledSoftmax = "sampled-softmax"
        /// Binary cross entropy of each pair and of drawn negatives.
        case binaryCrossEntropy = "bce"
    }

    /// How negatives are drawn.
    package enum NegativeDistribution: String, Hashable, Sendable, CaseIterable {
        case uniform
        /// In proportion to the training counts.
        case popularity
    }

    /// Which logits the softmax losses correct for the sampling probability of their item.
    package enum LogQCorrection: String, Hashable, Sendable, CaseIterable {
        /// The positive's and the negatives'.
        case all
        /// The negatives' only, by their expected count.
        case negatives
        case none
    }

    /// Columns of the embeddings and of both towers' outputs.
    package var dimension: Int
    package var user: TowerSpec
    package var item: TowerSpec
    package var loss: Loss
    /// Sampled softmax: drawn for a batch; binary cross entropy: drawn for each pair; else 0.
    package var negatives: Int
    package var negativeDistribution: NegativeDistribution
    package var logQCorrection: LogQCorrection
    package var hasItemBias: Bool
    /// Whether both vectors are divided by their length.
    package var isNormalized: Bool
    /// The dot product is divided by this.
    package var temperature: Float
    /// Of the embeddings.
    package var initializer: Initializer
}

/// The layers of a tower: hidden ones with an activation, then a linear one to the dimension.
/// Without hidden layers the vector is the embedding itself.
package struct TowerSpec: Hashable, Sendable {
    package enum Activation: String, Hashable, Sendable, CaseIterable {
        case relu
        case sigmoid
        case tanh
    }

    /// Columns of each hidden layer.
    package var hidden: [Int]
    package var activation: Activation
}

/// Logistic regression over sparse features: `p = sigmoid(sum of value * weight + bias)`.
package struct LogisticRegressionSpec: Hashable, Sendable {
    /// Of the weights.
    package var initializer: Initializer
}
