import Glibc
import LehrCore
import LehrReactor
import Testing

@testable import LehrHTTP2

/// Output in parts: in order, and whole wherever a socket stops taking it.
@Suite struct OutputBufferTests {
    private static let head: [UInt8] = Array(0..<9)

    @Test(arguments: [true, false])
    func framesOfLargeMessagesAreInOrder(mayBorrow: Bool) {
        let messages = (1...3).map { [UInt8](repeating: UInt8($0), count: 20_000 * $0) }
        var outgoing = OutgoingMessages()
        var expected: [UInt8] = []
        for message in messages {
            outgoing.append(message)
            expected += [0] + withUnsafeBytes(of: UInt32(message.count).bigEndian) { Array($0) }
            expected += message
        }
        let output = OutputBuffer(capacity: 64)
        output.removeAll(mayBorrow: mayBorrow)
        var framed: [UInt8] = []
        while !outgoing.isEmpty {
            let count = min(16_384, outgoing.byteCount)
            framed += Self.head + expected.prefix(count)
            expected.removeFirst(count)
            Self.head.withUnsafeBufferPointer { head in
                if let start = head.baseAddress { output.append(start, head.count) }
            }
            outgoing.write(count, to: output)
        }
        #expect(outgoing.byteCount == 0)
        #expect(output.count == framed.count)
        #expect((output.wholeBytes == nil) == mayBorrow)
        #expect(output.withParts { $0.flatMap { UnsafeRawBufferPointer($0) } } == framed)
        for skipped in stride(from: 0, through: framed.count, by: 997) {
            #expect(output.bytes(after: skipped) == Array(framed.dropFirst(skipped)))
        }
        output.removeAll()
        #expect(output.count == 0 && output.withParts { $0.isEmpty })
    }

    @Test func aSocketTakesPartsAsOne() throws {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
        let (writer, reader) = (Socket(pair[0]), Socket(pair[1]))
        let message = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let output = OutputBuffer(capacity: 64)
        output.removeAll(mayBorrow: true)
        output.append(message, 0..<300_000)
        output.append([1, 2, 3], 0..<3)
        var expected = message + [1, 2, 3]
        guard case .bytes(let count) = output.withParts({ writer.write($0) }) else {
            Issue.record("nothing was taken")
            return
        }
        // A socket has less room.
        #expect((1..<expected.count).contains(count))
        #expect(output.bytes(after: count) == Array(expected.dropFirst(count)))
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while case .bytes(let count) = buffer.withUnsafeMutableBytes({ reader.read(into: $0) }) {
            received += buffer.prefix(count)
        }
        expected.removeLast(expected.count - count)
        #expect(received == expected)
    }
}

extension UnsafeRawBufferPointer {
    fileprivate init(_ part: iovec) { self.init(start: part.iov_base, count: part.iov_len) }
}
