extension StagedDirectory {
    /// Writes a safetensors file: its header, then each tensor's bytes as `write` puts them out, in the
    /// order of the header.
    func writeSegment(
        _ name: String, _ tensors: [TensorInfo],
        _ write: (TensorInfo, HashedFile) throws(ArtifactError) -> Void
    ) throws(ArtifactError) -> Manifest.Segment {
        let file = path + "/" + name
        let header = SafetensorsHeader(laying: tensors, metadata: ["format": "lehr"])
        let output = try HashedFile(path: file, files: files)
        try output.write(header.encoded(file: file))
        for entry in header.entries { try write(entry.info, output) }
        let sha256 = try output.finish()
        return Manifest.Segment(
            file: name, bytes: output.byteCount, sha256: sha256,
            tensors: header.entries.map { $0.info })
    }
}
