import LehrArtifact
import LehrCluster
import LehrCore
import LehrData
import LehrMembership
import LehrModel
import LehrTable

/// Turns a job's tables into a model that serving can load.
///
/// Rows are scanned as they are while the scan passes, so a job that still trains gives a model that
/// is consistent row by row only. The data set's directory must be readable here too: items, their
/// titles, and what each user has seen come from it.
struct Exporter {
    let client: ControlClient
    let files: any FileSystem
    /// Told of each step, for a person who waits.
    let progress: @Sendable (String) -> Void

    /// Writes `directory/NAME/VERSION`, VERSION one above the highest there is; returns that path.
    func export(_ name: String, to directory: String) async throws -> String {
        try client.requireShards()
        let job = try await client.job(name)
        let map = try await client.map()
        let spec = try JobSpec(yaml: job.spec)
        let tables = map.tables(of: job.id)
        guard tables.count == spec.tables.count else {
            throw ClientError(
                job.message.isEmpty
                    ? "the tables of job \(job.name) are not on the cluster any more"
                    : "the tables of job \(job.name) are gone: \(job.message)")
        }
        let (version, target) = try nextVersion(of: spec.name, in: directory)
        let writer = try ArtifactWriter(target: target, files: files)
        let dataset = try Dataset(directory: spec.data.path, files: files)
        do {
            try await TableReader.with(client, map) { reader in
                let source = Source(
                    reader: reader, spec: spec, tables: tables, dataset: dataset, files: files)
                switch spec.model {
                case .twoTower(let model):
                    try await TwoTowerExport(source: source, model: model, progress: progress)
                        .write(to: writer)
                case .logisticRegression:
                    try await LogisticExport(source: source, progress: progress).write(to: writer)
                }
            }
            progress("writing \(target)")
            _ = try writer.finish(manifest(job, spec, version: version, cluster: map.cluster))
        } catch {
            try? writer.abandon()
            throw error
        }
        return target
    }

    /// What an export is made from.
    struct Source {
        let reader: TableReader
        let spec: JobSpec
        /// In the order of `spec.tables`.
        let tables: [PlacedTable]
        let dataset: Dataset
        let files: any FileSystem

        func table(_ name: String) -> PlacedTable? { tables.first { $0.spec.name == name } }
    }

    private func nextVersion(
        of name: String, in directory: String
    ) throws -> (version: UInt64, path: String) {
        let folder = directory + "/" + name
        try files.createDirectory(folder)
        let versions = try files.list(folder).compactMap { UInt64($0) }
        let version = (versions.max() ?? 0) + 1
        return (version, "\(folder)/\(version)")
    }

    private func manifest(
        _ job: JobStatus, _ spec: JobSpec, version: UInt64, cluster: ClusterID
    ) -> Manifest {
        var metrics: [String: Double] = [:]
        if !job.metricName.isEmpty { metrics["validation " + job.metricName] = job.metric }
        return Manifest(
            model: ModelIdentity(
                name: spec.name, version: version, createdMilliseconds: wallClockMilliseconds(),
                cluster: "\(cluster)", job: job.id.value),
            spec: ModelDescription(kind: spec.model.kind, text: job.spec), segments: [],
            metrics: metrics, metadata: ["samples": "\(job.samplesDone)"])
    }
}

extension ModelSpec {
    /// As job files and manifests write it.
    var kind: String {
        switch self {
        case .twoTower: ExportLayout.TwoTower.kind
        case .logisticRegression: ExportLayout.LogisticRegression.kind
        }
    }
}
