package import LehrTable

/// A training job: what to learn, from what, how, and how its tables are cut.
///
/// Read from a job file with `JobSpec(yaml:)`; every value is within its documented range then.
package struct JobSpec: Hashable, Sendable {
    /// Lower-case letters, digits, `.`, `_` and `-`; also the name of the exported model.
    package var name: String
    package var model: ModelSpec
    package var data: DataSpec
    package var training: TrainingSpec
    package var optimizers: OptimizerSpecs
    package var wire: WireSpecs
    /// Of embeddings and other hashed tables; dense variables are kept as f32.
    package var storage: RowStorage
    /// Partitions of each hashed table; a power of two.
    package var partitions: Int

    /// A table has at most so many.
    package static let partitionsMax = 4096
}

/// Where the examples come from.
package struct DataSpec: Hashable, Sendable {
    /// A prepared data set: a directory with a `dataset.json`.
    package var path: String
}

/// How updates of several workers may interleave.
package enum ConsistencyMode: String, Hashable, Sendable, CaseIterable {
    /// Batches one after the other, as if one worker did them all.
    case sequential
    /// Each worker goes its own pace; a pull sees whatever has been applied.
    case eventual
}

/// The course of training.
package struct TrainingSpec: Hashable, Sendable {
    package var mode: ConsistencyMode
    package var epochs: Int
    /// Examples a batch.
    package var batchSize: Int
    package var seed: UInt64
    /// Batches of a worker between pull and acknowledged push; 1 in sequential mode.
    package var batchesInFlight: Int
    /// Malformed lines that are skipped and counted before the job fails.
    package var malformedLinesTolerated: Int
    /// Whether the validation split is scored after each epoch, or only after the last.
    package var evaluateEveryEpoch: Bool
}

/// The optimizer of each kind of table.
package struct OptimizerSpecs: Hashable, Sendable {
    /// Embeddings and other hashed tables.
    package var sparse: Optimizer
    /// The item bias: by default as `sparse`, without weight decay.
    package var itemBias: Optimizer
    /// Layers of the towers, and the bias of a logistic regression.
    package var dense: Optimizer
}

/// How rows, gradients and keys of each kind of table travel; the kinds are those of
/// `OptimizerSpecs`.
package struct WireSpecs: Hashable, Sendable {
    package var sparse: WireFormat
    /// By default keys as those of `sparse`, and f32: the rows have one number.
    package var itemBias: WireFormat
    package var dense: WireFormat
}
