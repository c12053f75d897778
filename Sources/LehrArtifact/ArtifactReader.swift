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
            segments[segment.file] = try segment.open(in: path, files: files)
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
}
