import LehrGraph

/// A batch made ready for a model: the keys whose rows it needs, and where they are used.
///
/// Any number of prepared batches may wait for their rows.
package struct PreparedBatch: Sendable {
    /// Examples.
    package let count: Int
    /// Distinct keys for each table of the job, in the tables' order; a dense variable's are all
    /// of its rows. Rows and gradients are in the order of these keys.
    package let keys: [[UInt64]]
    let content: Content

    enum Content: Sendable {
        case pairs(PairContent)
        case features(column: SparseColumn, labels: [Float])
    }
}

/// Where the examples of a batch of pairs, and drawn negatives, find their rows.
struct PairContent: Sendable {
    /// A user for each example, and for scoring or binary cross entropy for each pair.
    var users: [Int32]
    /// An item for each entry of `users`.
    var items: [Int32]
    /// Items drawn for the whole batch.
    var negatives: [Int32] = []
    /// 1 or 0 for each pair, for binary cross entropy.
    var targets: [Float] = []
    /// What is subtracted from the logit of each negative and of each positive.
    var offsets: [Float] = []
    var positiveOffsets: [Float] = []
}
