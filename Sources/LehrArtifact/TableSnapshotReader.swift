package import LehrCore
package import LehrTable

/// A table snapshot, whose segments are checked as they are read.
///
/// Every call to `read` gives the same rows, in the order in which they were written, so that several
/// partitions can each take what is theirs.
package final class TableSnapshotReader: Sendable {
    package let path: String
    private let manifest: SnapshotManifest
    private let files: any FileSystem

    /// Opens a snapshot and verifies its manifest, and that the segments are there, are as long as it
    /// says, and are no more than it names. Reads no segment.
    package static func open(
        _ path: String, files: any FileSystem
    ) throws(ArtifactError) -> TableSnapshotReader {
        let manifest = try readManifest(of: path, files: files)
        for segment in manifest.segments { try segment.checkSize(in: path, files: files) }
        let known = Set(manifest.segments.map { $0.file })
        let names = try translating { () throws(FileSystemError) in try files.list(path) }
        for name in names where name.hasSuffix(SnapshotManifest.segmentSuffix) {
            guard known.contains(name) else { throw .unknownSegment(directory: path, name: name) }
        }
        return TableSnapshotReader(path: path, manifest: manifest, files: files)
    }

    private init(path: String, manifest: SnapshotManifest, files: any FileSystem) {
        self.path = path
        self.manifest = manifest
        self.files = files
    }

    package var description: SnapshotDescription { manifest.snapshot }
    package var format: RowFormat { manifest.format }
    /// Rows of all segments.
    package var rowCount: Int { manifest.rows }
    package var segmentCount: Int { manifest.segments.count }
    /// The bytes of all segments.
    package var byteCount: Int { manifest.segments.reduce(0) { $0 + $1.bytes } }

    /// Verifies the segment at `index`, of `segmentCount`, and replaces what is in `rows` by its rows:
    /// size, SHA-256, header and tensors against the manifest, and all lengths against each other.
    ///
    /// Takes the memory of that one segment. After an error `rows` are empty.
    package func read(segment index: Int, into rows: inout RowColumns) throws(ArtifactError) {
        precondition(rows.format == format, "rows of the snapshot's format")
        rows.removeAll(keepingCapacity: true)
        try rows.read(manifest.segments[index].open(in: path, files: files))
    }

    private static func readManifest(
        of path: String, files: any FileSystem
    ) throws(ArtifactError) -> SnapshotManifest {
        let manifestPath = path + "/" + Manifest.fileName
        let checksumPath = path + "/" + SnapshotManifest.checksumFile
        guard files.size(manifestPath) != nil, files.size(checksumPath) != nil else {
            throw .noSnapshot(directory: path)
        }
        let bytes = try translating { () throws(FileSystemError) in
            try files.read(manifestPath, limit: Manifest.byteLimit)
        }
        let expected = try SnapshotManifest.checksum(bytes)
        let found = try translating { () throws(FileSystemError) in
            try files.read(checksumPath, limit: expected.utf8.count)
        }
        guard found == Array(expected.utf8) else {
            throw .wrongChecksum(file: checksumPath, expected: expected)
        }
        return try SnapshotManifest.decode(bytes, path: manifestPath)
    }
}
