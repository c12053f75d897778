package import LehrCore

/// An export whose every byte was checked against its manifest before anything of it is used.
package final class ArtifactReader: Sendable {
    package let path: String
    package let manifest: Manifest
    private let segments: [String: SafetensorsFile]

    /// Opens and verifies an export: the manifest, then size, SHA-256, header and tensor list of
    /// each segment. Reads everything once; the mappings stay valid when the files are removed
    /// (but not when they are truncated in place).
    package static func open(
        _ path: String, files: any FileSystem
    ) throws(ArtifactError) -> ArtifactReader {
        let manifestPath = path + "/" + Manifest.fileName
        guard files.size(manifestPath) != nil else { throw .noManifest(directory: path) }
        let bytes = try translating { () throws(FileSystemError) in
            try files.read(manifestPath, limit: Manifest.byteLimit)
        }
        let manifest = try Manifest.decode(bytes, path: manifestPath)
        var segments: [String: SafetensorsFile] = [:]
        for segment in manifest.segments {
            segments[segment.file] = try verify(segment, directory: path, files: files)
        }
        return ArtifactReader(path: path, manifest: manifest, segments: segments)
    }

    private init(path: String, manifest: Manifest, segments: [String: SafetensorsFile]) {
        self.path = path
        self.manifest = manifest
        self.segments = segments
    }

    /// A segment by its file name.
    package func segment(_ name: String) throws(ArtifactError) -> SafetensorsFile {
        guard let segment = segments[name] else {
            throw .missingSegment(directory: path, name: name)
        }
        return segment
    }

    /// The bytes of all segments.
    package var byteCount: Int { manifest.segments.reduce(0) { $0 + $1.bytes } }

    private static func verify(
        _ segment: Manifest.Segment, directory: String, files: any FileSystem
    ) throws(ArtifactError) -> SafetensorsFile {
        let path = directory + "/" + segment.file
        guard files.size(path) != nil else {
            throw .missingSegment(directory: directory, name: segment.file)
        }
        let file = try translating { () throws(FileSystemError) in try files.map(path) }
        guard file.count == segment.bytes else {
            throw .wrongSize(file: path, expected: segment.bytes, found: file.count)
        }
        let hash = try SHA256.hex(of: file.bytes)
        guard hash == segment.sha256 else {
            throw .wrongHash(file: path, expected: segment.sha256, found: hash)
        }
        let tensors = try SafetensorsFile(file: file)
        // Empty tensors share an offset, so the two may list them in different orders.
        guard
            tensors.tensors.sorted(by: { $0.name < $1.name })
                == segment.tensors.sorted(by: { $0.name < $1.name })
        else {
            throw .manifest(
                file: directory + "/" + Manifest.fileName, key: "segments",
                problem: "the tensors of \(segment.file) are not those in the file")
        }
        return tensors
    }
}
