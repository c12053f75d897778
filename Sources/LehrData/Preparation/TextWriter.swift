import LehrCore

/// Writes text made of numbers and bytes to a gzip or plain file, a buffer at a time.
final class TextWriter {
    private enum Output {
        case gzip(GzipWriter)
        case plain(any FileWriter)
    }

    private var buffer: [UInt8] = []
    private let output: Output
    /// Lines ended so far.
    private(set) var lineCount = 0

    /// Compresses when `path` ends in `.gz`.
    init(path: String, files: any FileSystem) throws(DataError) {
        output =
            path.hasSuffix(".gz")
            ? .gzip(try GzipWriter(path: path, files: files))
            : .plain(try translating { () throws(FileSystemError) in try files.create(path) })
        buffer.reserveCapacity(1 << 16)
    }

    /// Appends a number in decimal digits.
    func append(_ number: UInt64) {
        let first = buffer.count
        var rest = number
        repeat {
            buffer.append(UInt8(48 + rest % 10))
            rest /= 10
        } while rest > 0
        buffer[first...].reverse()
    }

    func append(byte: UInt8) { buffer.append(byte) }

    func append(_ text: some Collection<UInt8>) { buffer.append(contentsOf: text) }

    func endLine() throws(DataError) {
        buffer.append(10)
        lineCount += 1
        if buffer.count >= 1 << 16 { try flush() }
    }

    /// Writes what is left and makes the file durable.
    func finish() throws(DataError) {
        try flush()
        switch output {
        case .gzip(let writer): try writer.finish()
        case .plain(let writer):
            try translating { () throws(FileSystemError) in try writer.finish() }
        }
    }

    private func flush() throws(DataError) {
        switch output {
        case .gzip(let writer): try writer.write(buffer)
        case .plain(let writer):
            do throws(FileSystemError) { try writer.write(buffer) } catch { throw .file(error) }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
