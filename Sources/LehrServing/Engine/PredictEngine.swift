import Glibc
import LehrArtifact

/// Answers how probable an example's label is, from an exported logistic regression.
///
/// Immutable, so that any number of threads may ask at once.
package struct PredictEngine: Sendable {
    private let rows: [UInt64: UInt32]
    private let weights: [Float]
    private let bias: Float

    init(_ reader: ArtifactReader) throws(ModelLoadError) {
        typealias Layout = ExportLayout.LogisticRegression
        let tensors = ExportTensors(reader: reader)
        let keys = try tensors.keys(Layout.keys, segment: Layout.weightsSegment)
        guard let rows = rowsByKey(keys) else {
            throw tensors.inconsistent(Layout.keys, "has a key twice, or too many keys")
        }
        self.rows = rows
        weights = try tensors.floats(
            Layout.values, segment: Layout.weightsSegment, shape: [keys.count]
        ).values
        bias = try tensors.floats(Layout.bias, segment: Layout.weightsSegment, shape: [1]).values[0]
    }

    package var weightCount: Int { weights.count }

    /// The probability of each example: `sigmoid(bias + sum(weight * value))`, summed in double
    /// precision. Features without a weight count as 0.
    ///
    /// Example `i` has `keys[offsets[i] ..< offsets[i + 1]]`, each with the value at the same
    /// position; `values` is empty where all are 1.
    package func probabilities(
        offsets: [Int32], keys: [UInt64], values: [Float]
    ) -> [Float] {
        precondition(values.isEmpty || values.count == keys.count, "a value a key, or none")
        return zip(offsets, offsets.dropFirst()).map { start, end in
            var sum = Double(bias)
            for entry in Int(start)..<Int(end) {
                guard let row = rows[keys[entry]] else { continue }
                let value = values.isEmpty ? 1 : Double(values[entry])
                sum += Double(weights[Int(row)]) * value
            }
            return Float(1 / (1 + exp(-sum)))
        }
    }
}
