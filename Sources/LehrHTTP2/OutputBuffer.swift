import Glibc

/// The output of one system call: bytes of its own, and parts of messages that stay where they are. Its
/// memory serves every connection of a core in turn.
final class OutputBuffer {
    private struct Borrowed {
        /// Own bytes that come before it.
        let position: Int
        let message: [UInt8]
        let range: Range<Int>
    }

    private var memory: UnsafeMutableRawBufferPointer
    private var ownCount = 0
    private var borrowed: [Borrowed] = []
    /// Bytes of all parts.
    private(set) var count = 0
    /// Large parts of messages may stay where they are.
    private var mayBorrow = false

    /// A part below this costs less to copy than to name. It also bounds the number of parts: to some
    /// dozens in the output of one system call, which could take a thousand.
    private static let borrowedMin = 8 << 10

    init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 64) }

    deinit { memory.deallocate() }

    /// Empties it, for a next user that takes output in parts, or does not.
    func removeAll(mayBorrow: Bool = false) {
        self.mayBorrow = mayBorrow
        (count, ownCount) = (0, 0)
        if !borrowed.isEmpty { borrowed.removeAll(keepingCapacity: true) }
    }

    func append(_ start: UnsafePointer<UInt8>, _ size: Int) {
        let space = extend(by: size)
        if let base = space.baseAddress { memcpy(base, start, size) }
    }

    /// Room for `size` bytes more, which the caller fills.
    func extend(by size: Int) -> UnsafeMutableRawBufferPointer {
        if ownCount + size > memory.count { grow(by: size) }
        ownCount += size
        count += size
        return UnsafeMutableRawBufferPointer(rebasing: memory[(ownCount - size)..<ownCount])
    }

    /// A part of a message, which is held until all is removed.
    func append(_ message: [UInt8], _ range: Range<Int>) {
        if mayBorrow, range.count >= Self.borrowedMin {
            borrowed.append(Borrowed(position: ownCount, message: message, range: range))
            count += range.count
        } else {
            message.withUnsafeBytes {
                extend(by: range.count).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[range]))
            }
        }
    }

    /// All of it, if nothing is borrowed.
    var wholeBytes: UnsafeRawBufferPointer? {
        borrowed.isEmpty ? UnsafeRawBufferPointer(rebasing: memory[..<ownCount]) : nil
    }

    /// All of it, in parts.
    func withParts<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2 * borrowed.count + 1) { parts in
            var count = 0
            forEachPart { part in
                parts.initializeElement(
                    at: count,
                    to: iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress),
                        iov_len: part.count))
                count += 1
            }
            return body(UnsafeBufferPointer(rebasing: parts[..<count]))
        }
    }

    /// A copy of what follows the first `skipped` bytes.
    func bytes(after skipped: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count - skipped)
        var skipped = skipped
        forEachPart { part in
            bytes.append(contentsOf: part.dropFirst(skipped))
            skipped -= min(skipped, part.count)
        }
        return bytes
    }

    private func forEachPart(_ body: (UnsafeRawBufferPointer) -> Void) {
        var done = 0
        func own(upTo end: Int) {
            if end > done { body(UnsafeRawBufferPointer(rebasing: memory[done..<end])) }
            done = end
        }
        for part in borrowed {
            own(upTo: part.position)
            // An array's bytes stay where they are for as long as nobody changes it.
            part.message.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[part.range])) }
        }
        own(upTo: ownCount)
    }

    private func grow(by size: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * (memory.count + size), alignment: 64)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<ownCount]))
        memory.deallocate()
        memory = larger
    }
}
