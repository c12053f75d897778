package import LehrCore
package import LehrData
package import LehrGraph
package import LehrTable

/// What one step did.
package struct StepResult: Hashable, Sendable {
    /// The loss summed over the examples; not a number when training has diverged.
    package let lossSum: Double
    /// Examples.
    package let count: Int
}

/// Computes the steps of a job: says which rows a batch needs, and turns rows into gradients.
///
/// Belongs to one thread at a time and starts no other. Equal input gives equal output, bit for
/// bit. Memory grows to the largest batch seen and is then reused.
package final class Trainer {
    /// In the order of all rows and gradients; the same as `JobSpec.tables`.
    package let tables: [TableSpec]
    private let model: any CompiledModel

    /// - Parameter items: the data set's items; a logistic regression has none.
    /// - Throws: when the job draws negatives and there are no items.
    package init(job: JobSpec, items: ItemDistribution = .empty) throws(ModelError) {
        tables = job.tables
        switch job.model {
        case .twoTower(let spec): model = try TwoTowerModel(spec, job: job, items: items)
        case .logisticRegression: model = LogisticModel(job: job)
        }
    }

    /// Finds the distinct keys of `batch` in each table; draws negatives where the loss needs any.
    ///
    /// - Parameter random: seeded for this very batch, so that a repeat of it draws the same.
    /// - Throws: when the batch is not of the model's format.
    package func prepareTraining(
        _ batch: Batch, random: inout RandomSource
    ) throws(ModelError) -> PreparedBatch {
        try model.prepareTraining(batch, &random)
    }

    /// As `prepareTraining`, for `scores(of:rows:)`: an example may have several items to score.
    package func prepareScoring(_ batch: Batch) throws(ModelError) -> PreparedBatch {
        try model.prepareScoring(batch)
    }

    /// Computes the loss and its gradient, as a mean over the examples, by every row.
    ///
    /// - Parameters:
    ///   - batch: from `prepareTraining`, with at least one example.
    ///   - rows: for each table `keys.count x dimension` floats in key order.
    ///   - gradients: a buffer for each table, resized to the shape of its rows and overwritten.
    package func step(
        _ batch: PreparedBatch, rows: [FloatBuffer], gradients: [FloatBuffer]
    ) -> StepResult {
        precondition(batch.count > 0, "a step has examples")
        check(rows, batch)
        precondition(gradients.count == tables.count, "each table has room for its gradients")
        for (index, buffer) in gradients.enumerated() {
            buffer.resize(to: floatCount(of: batch, table: index))
        }
        // The model works on pointers into buffers that nobody else may be holding.
        return withExtendedLifetime((rows, gradients)) {
            let mean = model.step(
                batch, rows: rows.map(\.readable), gradients: gradients.map(\.floats))
            return StepResult(lossSum: mean * Double(batch.count), count: batch.count)
        }
    }

    /// Scores with the rows as they stand.
    ///
    /// - Returns: two towers: a score for each entry of the batch's column `item`, in order;
    ///   logistic regression: a probability for each example.
    package func scores(of batch: PreparedBatch, rows: [FloatBuffer]) -> [Float] {
        check(rows, batch)
        return withExtendedLifetime(rows) {
            model.scores(of: batch, rows: rows.map(\.readable))
        }
    }

    private func check(_ rows: [FloatBuffer], _ batch: PreparedBatch) {
        precondition(
            rows.count == tables.count
                && rows.indices.allSatisfy { rows[$0].count == floatCount(of: batch, table: $0) },
            "rows are given for each key of each table")
    }

    /// Floats that the rows, or the gradients, of table `index` take for `batch`.
    package func floatCount(of batch: PreparedBatch, table index: Int) -> Int {
        batch.keys[index].count * tables[index].dimension
    }
}
