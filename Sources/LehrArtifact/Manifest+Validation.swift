extension Manifest: ManifestDocument {
    func validate(path: String) throws(ArtifactError) {
        try validateCommon(path: path)
        guard !model.name.isEmpty else {
            throw .manifest(file: path, key: "model.name", problem: "must not be empty")
        }
    }
}
