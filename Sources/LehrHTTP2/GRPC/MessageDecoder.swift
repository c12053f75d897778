import LehrRPC
import LehrWire

/// Cuts the DATA of one direction of a call into gRPC's messages.
///
/// A message is a flag byte (1: compressed), its length as four bytes, big-endian, and its bytes.
struct MessageDecoder {
    private let messageBytesMax: Int
    private let compressionRatioMax: Int
    private var prefix: UInt64 = 0
    private var prefixCount = 0
    /// Of the message being read; meaningful once its prefix is complete.
    private var length = 0
    private var message: [UInt8] = []
    private var isCompressed = false
    /// Messages may be compressed with gzip.
    var allowsGzip = false

    static let prefixSize = 5
    /// Memory is taken for the whole of a longer message only when this much of it has come, so
    /// that a promise of bytes costs nothing.
    private static let trustBytes = 256 << 10

    init(limits: RPCLimits) {
        messageBytesMax = limits.messageBytesMax
        compressionRatioMax = limits.compressionRatioMax
    }

    /// Bytes of a message that is not complete.
    var heldBytes: Int { message.count }

    /// Whether the bytes so far are whole messages.
    var isBetweenMessages: Bool { prefixCount == 0 }

    /// Takes bytes from the front of `rest`, which may be cut anywhere, up to the end of a message,
    /// and returns that; nil: the message needs more.
    ///
    /// Fails with RESOURCE_EXHAUSTED for a message over the limit, INTERNAL for a flag that is not
    /// known or not announced, or for what is not gzip when it should be; the decoder is of no use
    /// afterwards.
    mutating func next(
        _ rest: inout Slice<UnsafeRawBufferPointer>
    ) throws(RPCError) -> [UInt8]? {
        while !rest.isEmpty {
            if prefixCount == 0, rest.count >= Self.prefixSize {
                // Nearly always: the prefix is in one piece.
                let bytes = UnsafeRawBufferPointer(rebasing: rest)
                let length = UInt32(
                    bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
                prefix = UInt64(bytes[0]) << 32 | UInt64(length)
                prefixCount = Self.prefixSize
                rest = rest.dropFirst(Self.prefixSize)
                try readPrefix()
            } else if prefixCount < Self.prefixSize {
                prefix = prefix << 8 | UInt64(rest.removeFirst())
                prefixCount += 1
                guard prefixCount == Self.prefixSize else { continue }
                try readPrefix()
            }
            let part = rest.prefix(length - message.count)
            rest = rest.dropFirst(part.count)
            append(UnsafeRawBufferPointer(rebasing: part))
            guard message.count == length else { continue }
            let complete = message
            message = []
            prefix = 0
            prefixCount = 0
            return isCompressed ? try decompressed(complete) : complete
        }
        return nil
    }

    private func decompressed(_ packed: [UInt8]) throws(RPCError) -> [UInt8] {
        let grownMax = Gzip.grownMax(packed.count, ratioMax: compressionRatioMax)
        return try Gzip.decompress(packed, max: min(messageBytesMax, grownMax))
    }

    private mutating func append(_ part: UnsafeRawBufferPointer) {
        if message.isEmpty, part.count == length {
            message = [UInt8](part)
        } else {
            let arrived = message.count + part.count
            let trusted = arrived < Self.trustBytes ? min(length, Self.trustBytes) : length
            message.reserveCapacity(trusted)
            message.append(contentsOf: part)
        }
    }

    private mutating func readPrefix() throws(RPCError) {
        let flag = prefix >> 32
        length = Int(prefix & 0xFFFF_FFFF)
        isCompressed = flag == 1
        guard flag == 0 || flag == 1 && allowsGzip else {
            throw RPCError(
                .internal,
                flag == 1
                    ? "a message is compressed, but no grpc-encoding was named"
                    : "a message begins with the flag \(flag); 0 and 1 are allowed")
        }
        guard length <= messageBytesMax else { throw .messageTooLarge(length, messageBytesMax) }
    }
}
