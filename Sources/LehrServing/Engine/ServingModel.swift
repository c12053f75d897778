package import LehrArtifact
package import LehrCore

/// One version of one model, loaded and verified: immutable, and shared by all who ask it.
package final class ServingModel: Sendable {
    /// What a model can be asked.
    package enum Engine: Sendable {
        case recommend(RecommendEngine)
        case predict(PredictEngine)
    }

    package let manifest: Manifest
    package let engine: Engine
    /// Bytes of the export's segments.
    package let byteCount: Int

    /// Loads an export directory: every byte is checked against the manifest, then copied.
    package static func load(
        _ path: String, files: any FileSystem
    ) throws(ModelLoadError) -> ServingModel {
        let reader = try reading { () throws(ArtifactError) in
            try ArtifactReader.open(path, files: files)
        }
        let engine: Engine
        switch reader.manifest.spec.kind {
        case ExportLayout.TwoTower.kind: engine = .recommend(try RecommendEngine(reader))
        case ExportLayout.LogisticRegression.kind: engine = .predict(try PredictEngine(reader))
        case let kind: throw .unknownKind(path: path, kind: kind)
        }
        return ServingModel(
            manifest: reader.manifest, engine: engine, byteCount: reader.byteCount)
    }

    private init(manifest: Manifest, engine: Engine, byteCount: Int) {
        self.manifest = manifest
        self.engine = engine
        self.byteCount = byteCount
    }

    package var kind: String { manifest.spec.kind }
}
