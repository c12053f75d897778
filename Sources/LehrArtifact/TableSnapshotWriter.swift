package import LehrCore
package import LehrTable

/// Writes the rows of a table as a directory that appears all at once: segments as they come, the
/// manifest last, and then a rename, as `ArtifactWriter` does.
///
/// Only one segment's rows need to be in memory at a time. After an error no snapshot can come of
/// what was written: `abandon` it.
package final class TableSnapshotWriter {
    /// Bytes of a segment's columns, 64 MiB.
    package static let defaultSegmentBytes = 64 << 20
    /// What a segment may be limited to; the longest row fits.
    package static let segmentBytesAllowed = (1 << 20)...(512 << 20)

    private let directory: StagedDirectory
    private let format: RowFormat
    private let segmentBytesMax: Int
    private var segments: [Manifest.Segment] = []
    private var failure: ArtifactError?
    private var isFinished = false
    /// Rows appended so far.
    package private(set) var rowCount = 0

    /// Starts a snapshot that will be the directory `target`, which does not exist yet.
    ///
    /// - Parameter segmentBytesMax: most bytes of a segment's columns.
    package init(
        target: String, format: RowFormat, segmentBytesMax: Int = defaultSegmentBytes,
        files: any FileSystem
    ) throws(ArtifactError) {
        precondition(
            Self.segmentBytesAllowed.contains(segmentBytesMax), "a segment of 1 to 512 MiB")
        self.format = format
        self.segmentBytesMax = segmentBytesMax
        directory = try StagedDirectory(target: target, files: files)
    }

    /// Bytes of all segment files so far.
    package var byteCount: Int { segments.reduce(0) { $0 + $1.bytes } }

    /// Writes rows as a segment file, and as several when their columns are longer than a segment may
    /// be; no rows are no segment.
    ///
    /// The bytes are durable when this returns. A segment of few rows is no error, but costs a file
    /// and a flush: gather slices up to about the limit.
    package func append(segment rows: RowColumns) throws(ArtifactError) {
        precondition(!isFinished, "a finished snapshot takes no rows")
        precondition(rows.format == format, "rows of the snapshot's format")
        try noting { () throws(ArtifactError) in
            do throws(RowColumnsError) { try rows.validate() } catch {
                throw .columns(file: nextPath, problem: error)
            }
            guard !rows.isEmpty else { return }
            for part in rows.parts(bytesMax: segmentBytesMax) { try write(part, of: rows) }
            rowCount += rows.rowCount
        }
    }

    /// Writes the manifest and makes the snapshot visible.
    package func finish(description: SnapshotDescription) throws(ArtifactError) {
        precondition(!isFinished, "a snapshot is finished once")
        try noting { () throws(ArtifactError) in
            let path = directory.path + "/" + Manifest.fileName
            let manifest = SnapshotManifest(
                snapshot: description, format: format, rows: rowCount, segments: segments)
            try manifest.validate(path: path)
            let bytes = try manifest.encoded(path: path)
            guard bytes.count <= Manifest.byteLimit else {
                throw .manifest(
                    file: path, key: "document",
                    problem: "\(bytes.count) bytes are over \(Manifest.byteLimit); say less in"
                        + " snapshot.spec and snapshot.metadata")
            }
            try writeChecksum(of: bytes)
            try directory.publish(manifest: bytes)
            isFinished = true
        }
    }

    /// Removes all that was written; for a snapshot that is given up.
    package func abandon() throws(ArtifactError) {
        precondition(!isFinished, "a finished snapshot is not given up")
        try directory.abandon()
    }

    private var nextPath: String {
        directory.path + "/" + SnapshotManifest.segmentName(segments.count)
    }

    private func write(_ part: RowColumns.Part, of rows: RowColumns) throws(ArtifactError) {
        guard segments.count < SnapshotManifest.segmentsMax else {
            throw .tooManySegments(directory: directory.path, limit: SnapshotManifest.segmentsMax)
        }
        let name = SnapshotManifest.segmentName(segments.count)
        segments.append(
            try directory.writeSegment(name, rows.tensors(of: part)) {
                (tensor, output) throws(ArtifactError) in
                guard let column = SegmentColumn(rawValue: tensor.name) else { return }
                try rows.write(column, of: part) { (bytes) throws(ArtifactError) in
                    try output.write(bytes)
                }
            })
    }

    private func writeChecksum(of manifest: [UInt8]) throws(ArtifactError) {
        let text = try SnapshotManifest.checksum(manifest)
        let path = directory.path + "/" + SnapshotManifest.checksumFile
        try translating { () throws(FileSystemError) in
            let writer = try directory.files.create(path)
            try writer.write(Array(text.utf8))
            try writer.finish()
        }
    }

    /// Keeps the first error: rows are missing then, and no later call may make a snapshot of the
    /// others.
    private func noting(_ body: () throws(ArtifactError) -> Void) throws(ArtifactError) {
        if let failure { throw failure }
        do throws(ArtifactError) { try body() } catch {
            failure = error
            throw error
        }
    }
}
