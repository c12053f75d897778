/// A number of examples, column by column, with the distinct keys of each column found once so that
/// a pull names every row a single time.
package struct Batch: Sendable, Equatable {
    /// Examples in the batch.
    package var count: Int
    package var columns: [FeatureColumn]
    /// One per example; empty where the format has none (every pair is a positive).
    package var labels: [Float]

    package init(count: Int, columns: [FeatureColumn], labels: [Float]) {
        self.count = count
        self.columns = columns
        self.labels = labels
    }
}

/// One sparse feature of every example in a batch, in compressed-row form.
package struct FeatureColumn: Sendable, Equatable {
    /// The column's name in its data set, such as `user`.
    package var name: String
    /// The keys that occur, each once, in order of first occurrence.
    package var distinct: [UInt64]
    /// `count + 1` positions: example `i` holds `indices[offsets[i] ..< offsets[i + 1]]`.
    package var offsets: [Int32]
    /// Positions in `distinct`.
    package var indices: [Int32]
    /// A weight for each entry of `indices`; empty where all are 1.
    package var values: [Float]

    package init(
        name: String, distinct: [UInt64], offsets: [Int32], indices: [Int32], values: [Float]
    ) {
        self.name = name
        self.distinct = distinct
        self.offsets = offsets
        self.indices = indices
        self.values = values
    }
}
