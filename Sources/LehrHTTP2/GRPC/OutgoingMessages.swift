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
        while let piece = next(atMost: target.count - filled) {
            piece.copy(to: UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
            filled += piece.count
        }
        return filled
    }

    /// Appends the next `count` bytes, which there are, to `output`.
    mutating func write(_ count: Int, to output: OutputBuffer) {
        var left = count
        while let piece = next(atMost: left) {
            left -= piece.count
            switch piece {
            case .prefix: piece.copy(to: output.extend(by: piece.count))
            case .body(let message, let range): output.append(message, range)
            }
        }
    }

    /// What lies in one place.
    private enum Piece {
        /// Of the prefix, whose bytes are those of a number of five bytes, big-endian.
        case prefix(UInt64, Range<Int>)
        case body([UInt8], Range<Int>)

        var count: Int {
            switch self {
            case .prefix(_, let range), .body(_, let range): range.count
            }
        }

        /// `target` is as long, or longer.
        @inline(__always)
        func copy(to target: UnsafeMutableRawBufferPointer) {
            switch self {
            case .prefix(let number, let range):
                // The bytes wanted come first then.
                let shifted = number << UInt64(24 + 8 * range.lowerBound)
                withUnsafeBytes(of: shifted.bigEndian) {
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<range.count]))
                }
            case .body(let message, let range):
                message.withUnsafeBytes {
                    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range]))
                }
            }
        }
    }

    /// The next bytes, up to `most` of them; nil: none are left or wanted.
    @inline(__always)
    private mutating func next(atMost most: Int) -> Piece? {
        guard let message = head, most > 0 else { return nil }
        let piece: Piece
        if position < MessageDecoder.prefixSize {
            let end = min(position + most, MessageDecoder.prefixSize)
            piece = .prefix(
                UInt64(message.count) | (isHeadCompressed ? 1 << 32 : 0), position..<end)
        } else {
            let start = position - MessageDecoder.prefixSize
            piece = .body(message, start..<min(start + most, message.count))
        }
        position += piece.count
        byteCount -= piece.count
        if position == MessageDecoder.prefixSize + message.count {
            let next = rest.popFirst()
            head = next?.bytes
            isHeadCompressed = next?.isCompressed ?? false
            position = 0
        }
        return piece
    }
}
