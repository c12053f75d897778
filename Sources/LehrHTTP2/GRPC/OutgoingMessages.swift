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

    /// From here on the bytes of any frame go straight to the output, past nghttp2's own buffer.
    static let directBytesMin = 4 << 10

    mutating func removeAll() { self = OutgoingMessages() }

    /// Fills `target` as far as the messages go; returns the number of bytes.
    @discardableResult
    mutating func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        func space(_ count: Int) -> UnsafeMutableRawBufferPointer {
            filled += count
            return UnsafeMutableRawBufferPointer(rebasing: target[(filled - count)..<filled])
        }
        take(target.count) {
            Self.copy($0, $1, to: space($1.count))
        } message: { message, range in
            message.withUnsafeBytes {
                space(range.count).copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range]))
            }
        }
        return filled
    }

    /// Appends the next `count` bytes, which there are, to `output`.
    mutating func write(_ count: Int, to output: OutputBuffer) {
        take(count) {
            Self.copy($0, $1, to: output.extend(by: $1.count))
        } message: {
            output.append($0, $1)
        }
    }

    /// Takes the next bytes, up to `most` of them, and tells where each part of them lies: in a prefix,
    /// whose bytes are those of a number of five bytes, big-endian, or in a message.
    @inline(__always)
    private mutating func take(
        _ most: Int, prefix: (UInt64, Range<Int>) -> Void, message: ([UInt8], Range<Int>) -> Void
    ) {
        var most = most
        // Moved out and back, for this is done for every call, and would count references.
        while most > 0, let current = head.take() {
            let end = MessageDecoder.prefixSize + current.count
            let start = position
            position = min(start + most, end)
            let prefixEnd = min(position, MessageDecoder.prefixSize)
            if start < prefixEnd {
                prefix(UInt64(current.count) | (isHeadCompressed ? 1 << 32 : 0), start..<prefixEnd)
            }
            if position > MessageDecoder.prefixSize {
                let from = max(start - MessageDecoder.prefixSize, 0)
                message(current, from..<(position - MessageDecoder.prefixSize))
            }
            most -= position - start
            byteCount -= position - start
            guard position == end else {
                head = current
                return
            }
            let next = rest.popFirst()
            head = next?.bytes
            isHeadCompressed = next?.isCompressed ?? false
            position = 0
        }
    }

    @inline(__always)
    private static func copy(
        _ prefix: UInt64, _ range: Range<Int>, to target: UnsafeMutableRawBufferPointer
    ) {
        // The bytes wanted come first then.
        let shifted = prefix << UInt64(24 + 8 * range.lowerBound)
        withUnsafeBytes(of: shifted.bigEndian) {
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<range.count]))
        }
    }
}
