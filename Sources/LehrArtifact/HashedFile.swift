import LehrCore

/// A file whose hash is computed as it is written.
final class HashedFile {
    private let writer: any FileWriter
    private let hash: SHA256
    private(set) var byteCount = 0

    init(path: String, files: any FileSystem) throws(ArtifactError) {
        writer = try translating { () throws(FileSystemError) in try files.create(path) }
        hash = try SHA256()
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArtifactError) {
        try hash.update(bytes)
        try translating { () throws(FileSystemError) in try writer.write(bytes) }
        byteCount += bytes.count
    }

    func write(_ bytes: [UInt8]) throws(ArtifactError) {
        try bytes.span.withUnsafeBytes { (raw) throws(ArtifactError) in try write(raw) }
    }

    func finish() throws(ArtifactError) -> String {
        try translating { () throws(FileSystemError) in try writer.finish() }
        return try hash.finish()
    }
}
