import DequeModule

/// Messages on their way out, each behind its gRPC prefix, read in pieces of any size.
struct OutgoingMessages {
    // The common case, one message, needs no queue.
    private var head: [UInt8]?
    private var rest = Deque<[UInt8]>()
    /// Bytes of the head, prefix included, that were read.
    private var position = 0
    /// Bytes not read yet, prefixes included.
    private(set) var byteCount = 0

    var isEmpty: Bool { head == nil }

    mutating func append(_ message: [UInt8]) {
        byteCount += message.count + MessageDecoder.prefixSize
        if head == nil { head = message } else { rest.append(message) }
    }

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
                head = rest.popFirst()
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
        let prefix = UInt64(message.count)
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
