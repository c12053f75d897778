import LehrCore

extension Manifest.Segment {
    /// The file, mapped, once its size, SHA-256, header and list of tensors are what the manifest of
    /// `directory` says. Reads it once.
    func open(
        in directory: String, files: any FileSystem
    ) throws(ArtifactError) -> SafetensorsFile {
        let path = directory + "/" + file
        try checkSize(in: directory, files: files)
        let mapped = try translating { () throws(FileSystemError) in try files.map(path) }
        try require(size: mapped.count, path)
        let hash = try SHA256.hex(of: mapped.bytes)
        guard hash == sha256 else {
            throw .wrongHash(file: path, expected: sha256, found: hash)
        }
        let opened = try SafetensorsFile(file: mapped)
        // Empty tensors share an offset, so the two may list them in different orders.
        guard
            opened.tensors.sorted(by: { $0.name < $1.name })
                == tensors.sorted(by: { $0.name < $1.name })
        else {
            throw .manifest(
                file: directory + "/" + Manifest.fileName, key: "segments",
                problem: "the tensors of \(file) are not those in the file")
        }
        return opened
    }

    /// Checks that the file is there and as long as the manifest says, without reading it.
    func checkSize(in directory: String, files: any FileSystem) throws(ArtifactError) {
        let path = directory + "/" + file
        guard let found = files.size(path) else {
            throw .missingSegment(directory: directory, name: file)
        }
        try require(size: found, path)
    }

    private func require(size: Int, _ path: String) throws(ArtifactError) {
        guard size == bytes else { throw .wrongSize(file: path, expected: bytes, found: size) }
    }
}
