import LehrCore
import LehrData

/// Rows of a table, floats in key order; valid for the call that takes them.
package typealias RowValues = UnsafeBufferPointer<Float>
/// Room for a gradient row for each key; valid for the call that takes it.
typealias RowGradients = UnsafeMutableBufferPointer<Float>

/// A model as `Trainer` drives it; one call is one batch.
protocol CompiledModel: AnyObject {
    func prepareTraining(
        _ batch: Batch, _ random: inout RandomSource
    ) throws(ModelError) -> PreparedBatch
    func prepareScoring(_ batch: Batch) throws(ModelError) -> PreparedBatch
    /// The mean loss; fills `gradients`.
    func step(_ batch: PreparedBatch, rows: [RowValues], gradients: [RowGradients]) -> Double
    func scores(of batch: PreparedBatch, rows: [RowValues]) -> [Float]
}
