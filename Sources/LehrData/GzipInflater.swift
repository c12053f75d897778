import CZlib
import LehrCore

/// Inflates a mapped gzip file piece by piece; several members one after the other are one stream.
final class GzipInflater {
    private let file: MappedFile
    /// On the heap because zlib's own state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// Compressed bytes handed to zlib.
    private var fed = 0
    private var ended = false

    /// Whether `bytes` begin as a gzip file does.
    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    init(file: MappedFile) throws(DataError) {
        self.file = file
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15: the largest window; + 16: a gzip header and trailer are required and checked.
        let code = inflateInit2_(
            stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw corrupt(code) }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Inflates into `output`, which is not empty; fewer bytes than it holds only before the end,
    /// 0 at the end.
    func read(into output: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_out = uInt(output.count)
        while stream.pointee.avail_out > 0, !ended {
            feed()
            let code = inflate(stream, Z_NO_FLUSH)
            switch code {
            case Z_OK: continue
            case Z_STREAM_END: try finishMember()
            case Z_BUF_ERROR:
                throw .truncatedGzip(file: file.path, byteCount: file.count)
            default: throw corrupt(code)
            }
        }
        return output.count - Int(stream.pointee.avail_out)
    }

    private func feed() {
        guard stream.pointee.avail_in == 0, fed < file.count else { return }
        let count = min(file.count - fed, 1 << 30)
        let next = file.bytes.baseAddress.map { $0 + fed }
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: next)?
            .assumingMemoryBound(to: Bytef.self)
        stream.pointee.avail_in = uInt(count)
        fed += count
    }

    /// At the end of a member: the file ends too, or another member begins.
    private func finishMember() throws(DataError) {
        let position = fed - Int(stream.pointee.avail_in)
        guard position < file.count else {
            ended = true
            return
        }
        let rest = UnsafeRawBufferPointer(rebasing: file.bytes[position...])
        guard Self.recognises(rest) else {
            throw .corruptGzip(
                file: file.path, offset: position, reason: "other data after the end of the stream")
        }
        guard inflateReset(stream) == Z_OK else { throw corrupt(Z_STREAM_ERROR) }
    }

    private func corrupt(_ code: Int32) -> DataError {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib code \(code)"
        let offset = fed - Int(stream.pointee.avail_in)
        return .corruptGzip(file: file.path, offset: offset, reason: reason)
    }
}
