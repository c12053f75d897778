package import LehrCore

/// Writes an export so that it appears all at once: everything goes into a directory beside the
/// target, the manifest last, and that directory is then renamed. After a crash the target does not
/// exist, and the next export to it clears what was left beside it.
///
/// The number of a tensor's rows need not be known: each tensor is spooled into a file of its own
/// and copied behind its segment's header at the end, at the cost of writing every byte twice.
package final class ArtifactWriter {
    private let directory: StagedDirectory
    private var tensors: [TensorWriter] = []

    package init(target: String, files: any FileSystem) throws(ArtifactError) {
        directory = try StagedDirectory(target: target, files: files)
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
            spoolPath: "\(directory.path)/.spool-\(tensors.count)", files: directory.files)
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
        let path = directory.path + "/" + Manifest.fileName
        try manifest.validate(path: path)
        try directory.publish(manifest: manifest.encoded(path: path))
        return manifest
    }

    /// Removes all that was written; for an export that is given up.
    package func abandon() throws(ArtifactError) { try directory.abandon() }

    private func writeSegment(
        _ name: String, _ members: [TensorWriter]
    ) throws(ArtifactError) -> Manifest.Segment {
        var infos: [TensorInfo] = []
        for member in members { infos.append(try member.finish()) }
        let spools = members.reduce(into: [:]) { $0[$1.name] = $1.spoolPath }
        return try directory.writeSegment(name, infos) { (tensor, output) throws(ArtifactError) in
            guard let spool = spools[tensor.name] else { return }
            let files = directory.files
            let rows = try translating { () throws(FileSystemError) in try files.map(spool) }
            try output.write(rows.bytes)
            try translating { () throws(FileSystemError) in try files.remove(spool) }
        }
    }
}
