package import LehrCore

/// Writes an export so that it appears all at once: everything goes into a directory beside the
/// target, the manifest last, and that directory is then renamed. After a crash the target does not
/// exist, and the next export to it clears what was left beside it.
///
/// The number of a tensor's rows need not be known: each tensor is spooled into a file of its own
/// and copied behind its segment's header at the end, at the cost of writing every byte twice.
package final class ArtifactWriter {
    private let target: String
    private let partial: String
    private let files: any FileSystem
    private var tensors: [TensorWriter] = []

    package init(target: String, files: any FileSystem) throws(ArtifactError) {
        let target = target.hasSuffix("/") ? String(target.dropLast()) : target
        guard files.size(target) == nil else { throw .targetExists(path: target) }
        self.target = target
        self.files = files
        partial = target + ".partial"
        let partial = partial
        try translating { () throws(FileSystemError) in
            try files.remove(partial)
            try files.createDirectory(partial)
        }
    }

    /// Starts a tensor of the segment file `segment`; its shape is the row count and `rowShape`.
    ///
    /// Any number of tensors may be open at once, also of one segment.
    package func tensor(
        _ name: String, segment: String, type: ElementType, rowShape: [Int] = []
    ) throws(ArtifactError) -> TensorWriter {
        precondition(isPlainName(segment), "a segment is a plain file name")
        precondition(
            !tensors.contains { $0.segment == segment && $0.name == name },
            "a tensor is started once")
        let writer = try TensorWriter(
            segment: segment, name: name, type: type, rowShape: rowShape,
            spoolPath: "\(partial)/.spool-\(tensors.count)", files: files)
        tensors.append(writer)
        return writer
    }

    /// Writes the segments and the manifest (its `segments` are filled in here) and makes the
    /// export visible; returns the manifest as written.
    package func finish(_ manifest: Manifest) throws(ArtifactError) -> Manifest {
        var manifest = manifest
        manifest.segments = []
        var names: [String] = []
        for tensor in tensors where !names.contains(tensor.segment) { names.append(tensor.segment) }
        for name in names {
            let members = tensors.filter { $0.segment == name }
            manifest.segments.append(try writeSegment(name, members))
        }
        let path = partial + "/" + Manifest.fileName
        try manifest.validate(path: path)
        let text = try manifest.encoded(path: path)
        try translating { () throws(FileSystemError) in
            try files.replace(path, with: text)
            try files.rename(partial, to: target)
        }
        return manifest
    }

    /// Removes all that was written; for an export that is given up.
    package func abandon() throws(ArtifactError) {
        try translating { () throws(FileSystemError) in try files.remove(partial) }
    }

    private func writeSegment(
        _ name: String, _ members: [TensorWriter]
    ) throws(ArtifactError) -> Manifest.Segment {
        let path = partial + "/" + name
        var infos: [TensorInfo] = []
        for member in members { infos.append(try member.finish()) }
        let header = SafetensorsHeader(laying: infos, metadata: ["format": "lehr"])
        let spools = members.reduce(into: [:]) { $0[$1.name] = $1.spoolPath }
        let output = try HashedFile(path: path, files: files)
        try output.write(header.encoded(file: path))
        for entry in header.entries {
            guard let spool = spools[entry.info.name] else { continue }
            let rows = try translating { () throws(FileSystemError) in try files.map(spool) }
            try output.write(rows.bytes)
            try translating { () throws(FileSystemError) in try files.remove(spool) }
        }
        let sha256 = try output.finish()
        return Manifest.Segment(
            file: name, bytes: output.byteCount, sha256: sha256,
            tensors: header.entries.map { $0.info })
    }
}

/// A file whose hash is computed as it is written.
private final class HashedFile {
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
