import LehrArtifact
import LehrMembership

/// Writes the weights of a logistic regression.
struct LogisticExport {
    let source: Exporter.Source
    let progress: @Sendable (String) -> Void

    func write(to artifact: ArtifactWriter) async throws {
        guard let weights = source.table("weight"), let bias = source.table("bias") else {
            throw ClientError("the job's tables are not those of a logistic regression")
        }
        let value = try await source.reader.pull([0], of: bias)
        let writer = try LogisticExportWriter(artifact, bias: value.first ?? 0)
        for partition in weights.partitions.indices {
            progress("weights, partition \(partition + 1) of \(weights.partitions.count)")
            let rows = try await source.reader.scan(partition, of: weights.id)
            try writer.append(keys: rows.keys, weights: rows.weights)
        }
    }
}
