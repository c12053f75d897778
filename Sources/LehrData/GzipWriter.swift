import CZlib
package import LehrCore

/// Writes a gzip file piece by piece; the same bytes at the same level give the same file.
package final class GzipWriter {
    private let path: String
    private let writer: any FileWriter
    /// On the heap because zlib's own state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let output: UnsafeMutableRawBufferPointer

    /// Creates the file; `level` is zlib's, 1 (fast) to 9 (small).
    package init(path: String, files: any FileSystem, level: Int32 = 6) throws(DataError) {
        self.path = path
        writer = try translating { () throws(FileSystemError) in try files.create(path) }
        output = .allocate(byteCount: 1 << 16, alignment: 16)
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15: the largest window; + 16: a gzip header, whose time field stays 0.
        let code = deflateInit2_(
            stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .deflate(file: path, code: code) }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        output.deallocate()
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        var position = 0
        while position < bytes.count {
            let count = min(bytes.count - position, 1 << 30)
            let next = bytes.baseAddress.map { $0 + position }
            try deflateAll(next, count: count, flush: Z_NO_FLUSH)
            position += count
        }
    }

    package func write(_ bytes: [UInt8]) throws(DataError) {
        try bytes.span.withUnsafeBytes { (raw) throws(DataError) in try write(raw) }
    }

    /// Writes the trailer and makes the file durable.
    package func finish() throws(DataError) {
        try deflateAll(nil, count: 0, flush: Z_FINISH)
        try translating { () throws(FileSystemError) in try writer.finish() }
    }

    /// Hands zlib the input and writes all that comes out of it.
    private func deflateAll(
        _ input: UnsafeRawPointer?, count: Int, flush: Int32
    ) throws(DataError) {
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: input)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = uInt(count)
        repeat {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = uInt(output.count)
            let code = deflate(stream, flush)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
                throw .deflate(file: path, code: code)
            }
            let produced = output.count - Int(stream.pointee.avail_out)
            let bytes = UnsafeRawBufferPointer(rebasing: output[..<produced])
            try translating { () throws(FileSystemError) in try writer.write(bytes) }
        } while stream.pointee.avail_out == 0
    }
}

/// Writes `bytes` as one gzip file.
package func writeGzip(
    _ bytes: [UInt8], to path: String, files: any FileSystem
) throws(DataError) {
    let writer = try GzipWriter(path: path, files: files)
    try writer.write(bytes)
    try writer.finish()
}
