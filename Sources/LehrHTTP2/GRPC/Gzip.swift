import CZlib
import LehrRPC
import LehrWire

/// gzip of whole messages.
enum Gzip {
    /// The value of `grpc-accept-encoding`.
    static let accepted: StaticString = "identity,gzip"

    private static let malformed = RPCError(.internal, "a compressed message is not gzip")
}

extension Gzip {
    /// 15 bits of window, and the header and trailer of gzip rather than of zlib.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8
    /// Fast: what is sent between processes is rarely worth more time.
    private static let level: Int32 = 1
    /// Output grows from this many bytes.
    private static let firstBytes = 4096
    /// What a message may grow to whatever its size.
    private static let freeBytes = 4 << 20

    /// What a message of `count` bytes may grow to.
    static func grownMax(_ count: Int, ratioMax: Int) -> Int {
        let (product, isOverflowing) = count.multipliedReportingOverflow(by: ratioMax)
        return isOverflowing ? .max : max(freeBytes, product)
    }

    /// nil: the message is not made smaller, or so much smaller that a peer would refuse it.
    static func compress(_ message: [UInt8], ratioMax: Int) -> [UInt8]? {
        var stream = z_stream()
        guard !message.isEmpty, message.count <= UInt32.max,
            deflateInit2_(
                &stream, level, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY,
                ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var isWhole = false
        let packed = message.withUnsafeBufferPointer { input in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            return [UInt8](unsafeUninitializedCapacity: input.count) { output, count in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(input.count)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = input.count - Int(stream.avail_out)
            }
        }
        guard isWhole, packed.count < message.count,
            message.count <= grownMax(packed.count, ratioMax: ratioMax)
        else { return nil }
        return packed
    }

    /// Gives at most `messageBytesMax` bytes, and takes no more memory on the way.
    static func decompress(
        _ packed: [UInt8], max messageBytesMax: Int
    ) throws(RPCError) -> [UInt8] {
        var stream = z_stream()
        guard packed.count <= UInt32.max,
            inflateInit2_(
                &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw RPCError(.resourceExhausted, "no memory to decompress a message") }
        defer { inflateEnd(&stream) }
        let result = packed.withUnsafeBufferPointer { input in
            Result { () throws(RPCError) in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                return try inflateAll(&stream, max: messageBytesMax)
            }
        }
        return try result.get()
    }

    private static func inflateAll(
        _ stream: inout z_stream, max messageBytesMax: Int
    ) throws(RPCError) -> [UInt8] {
        var message: [UInt8] = []
        // One byte more than allowed, so that its excess is noticed.
        let most = messageBytesMax + 1
        while true {
            let (start, grown) = (message.count, max(2 * message.count, firstBytes))
            message += [UInt8](repeating: 0, count: min(grown, most) - start)
            let room = message.count - start
            let status = message.withUnsafeMutableBufferPointer { output in
                stream.next_out = output.baseAddress.map { $0 + start }
                stream.avail_out = UInt32(clamping: room)
                return inflate(&stream, Z_NO_FLUSH)
            }
            message.removeLast(Int(stream.avail_out))
            guard message.count < most else {
                throw RPCError(
                    .resourceExhausted,
                    "a message is over the limit of \(messageBytesMax) bytes "
                        + "when decompressed")
            }
            switch status {
            case Z_STREAM_END:
                guard stream.avail_in == 0 else { throw malformed }
                return message
            // Without a full output there was not enough input.
            case Z_OK where stream.avail_out == 0: continue
            default: throw malformed
            }
        }
    }
}
