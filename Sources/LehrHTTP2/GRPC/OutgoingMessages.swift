import DequeModule

/// Messages on their way out, each behind its gRPC prefix, read in pieces of any size.
struct OutgoingMessages {
    // The common case, one message, needs no queue.
    private var head: [UInt8]?
    private var isHeadCompressed = false
    private var rest = Deque<(bytes: [UInt8], isCompressed: Bool)>()
    /// Bytes of the head, prefix included, that were read.
    private var position = 0
    /// Bytes not read yet, prefixes included.
    private(set) var byteCount = 0

    var isEmpty: Bool { head == nil }

    mutating func append(_ message: [UInt8], isCompressed: Bool = false) {
        byteCount += message.count + MessageDecoder.prefixSize
        if head == nil {
            head = message
            isHeadCompressed = isCompressed
        } else {
            rest.append((message, isCompressed))
        }
    }

    /// Compresses a message, if that makes it smaller.
    mutating func appendCompressed(_ message: [UInt8], ratioMax: Int) {
        if let packed = Gzip.compress(message, ratioMax: ratioMax) {
            append(packed, isCompressed: true)
        } else {
            append(message)
        }
    }

    /// What a DATA frame of at most `most` bytes is to do: so many bytes, taken by `read` when the
    /// frame is written rather than now, if they are many; nil: they are to be read now.
    func frameBytes(_ most: Int) -> Int? {
        let count = min(most, byteCount)
        return count >= Self.directBytesMin ? count : nil
    }

    /// From here on a frame's bytes go straight to the output, past nghttp2's own buffer.
    private static let directBytesMin = 4 << 10

    mutating func removeAll() { self = OutgoingMessages() }

    /// Fills `target` as far as the messages go; returns the number of bytes.
    mutating func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < target.count, let message = head {
            let space = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
            filled +=
                position < MessageDecoder.prefixSize
                ? readPrefix(of: message, into: space) : readBody(of: message, into: space)
            if position == MessageDecoder.prefixSize + message.count {
                let next = rest.popFirst()
                head = next?.bytes
                isHeadCompressed = next?.isCompressed ?? false
                position = 0
            }
        }
        byteCount -= filled
        return filled
    }

    private mutating func readPrefix(
        of message: [UInt8], into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let count = min(target.count, MessageDecoder.prefixSize - position)
        if count == MessageDecoder.prefixSize {
            target[0] = isHeadCompressed ? 1 : 0
            target.storeBytes(
                of: UInt32(truncatingIfNeeded: message.count).bigEndian, toByteOffset: 1,
                as: UInt32.self)
            position = count
            return count
        }
        let prefix = UInt64(message.count) | (isHeadCompressed ? 1 << 32 : 0)
        for index in 0..<count {
            let shift = UInt64(8 * (MessageDecoder.prefixSize - 1 - position - index))
            target[index] = UInt8(truncatingIfNeeded: prefix >> shift)
        }
        position += count
        return count
    }

    private mutating func readBody(
        of message: [UInt8], into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        let start = position - MessageDecoder.prefixSize
        let count = min(target.count, message.count - start)
        message.withUnsafeBytes { source in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
        }
        position += count
        return count
    }
}
