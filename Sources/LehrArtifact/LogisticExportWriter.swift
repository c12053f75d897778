/// Writes the tensors of a logistic regression in the names of `ExportLayout.LogisticRegression`.
package final class LogisticExportWriter {
    private let keys: TensorWriter
    private let values: TensorWriter

    /// Starts the tensors in `writer`, whose `finish` then completes the export.
    package init(_ writer: ArtifactWriter, bias: Float) throws(ArtifactError) {
        typealias Layout = ExportLayout.LogisticRegression
        let segment = Layout.weightsSegment
        keys = try writer.tensor(Layout.keys, segment: segment, type: .u64)
        values = try writer.tensor(Layout.values, segment: segment, type: .f32)
        try writer.tensor(Layout.bias, segment: segment, type: .f32).append(floats: [bias])
    }

    /// Appends features, in any number of calls.
    package func append(keys: [UInt64], weights: [Float]) throws(ArtifactError) {
        precondition(keys.count == weights.count, "a weight a feature")
        try self.keys.append(keys: keys)
        try values.append(floats: weights)
    }
}
