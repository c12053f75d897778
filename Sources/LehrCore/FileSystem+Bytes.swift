extension FileWriter {
    package func write(_ bytes: [UInt8]) throws(FileSystemError) {
        try bytes.span.withUnsafeBytes { (raw) throws(FileSystemError) in try write(raw) }
    }
}

extension FileSystem {
    /// Writes a file beside `path` and renames it over `path`: a reader sees the old bytes or the
    /// new ones, also after a crash. Makes the directory's other entries durable too.
    package func replace(_ path: String, with bytes: [UInt8]) throws(FileSystemError) {
        try replace(path, with: bytes) { partial throws(FileSystemError) in try create(partial) }
    }

    /// As above, with a file that `create` makes.
    func replace(
        _ path: String, with bytes: [UInt8],
        _ create: (String) throws(FileSystemError) -> any FileWriter
    ) throws(FileSystemError) {
        let partial = path + ".partial"
        let writer = try create(partial)
        try writer.write(bytes)
        try writer.finish()
        try rename(partial, to: path)
    }
}
