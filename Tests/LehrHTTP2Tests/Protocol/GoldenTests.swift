import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Exchanges written down by hand from RFC 9113, RFC 7541 and gRPC's protocol, byte for byte.
@Suite struct GoldenTests {
    /// Bytes from hexadecimal digits; what is no digit is passed over.
    private static func bytes(_ text: String) -> [UInt8] {
        var digits = text.compactMap { $0.hexDigitValue }[...]
        var bytes: [UInt8] = []
        while let high = digits.popFirst(), let low = digits.popFirst() {
            bytes.append(UInt8(high << 4 | low))
        }
        return bytes
    }

    /// What a client sends to open a connection: its preface, and SETTINGS without an entry.
    private static let preface = bytes(
        """
        50 52 49 20 2a 20 48 54 54 50 2f 32 2e 30 0d 0a 0d 0a 53 4d 0d 0a 0d 0a
        00 00 00  04  00  00 00 00 00
        """)

    /// SETTINGS: a window of 16 MiB, lists of 8 KiB, 1024 streams; 64 MiB for the connection, which
    /// begins with 65,535; and the acknowledgement.
    private static let welcome = bytes(
        """
        00 00 12  04  00  00 00 00 00   00 04 01 00 00 00   00 06 00 00 20 00   00 03 00 00 04 00
        00 00 04  08  00  00 00 00 00   03 ff 00 01
        00 00 00  04  01  00 00 00 00
        """)

    /// HEADERS of stream 1: POST and http by their index; path, authority and te as texts; the
    /// content type in Huffman's code. DATA, the last: no compression, 3 bytes.
    private static let request = bytes(
        """
        00 00 2b  01  04  00 00 00 01   83 86
            44 07 2f 74 2f 45 63 68 6f   41 04 74 65 73 74
            40 02 74 65 08 74 72 61 69 6c 65 72 73   5f 8b 1d 75 d0 62 0d 26 3d 4c 4d 65 64
        00 00 08  00  01  00 00 00 01   00 00 00 00 03 07 08 09
        """)

    /// HEADERS: 200 by its index, the content type into the table. DATA: the message. HEADERS, the
    /// last: `grpc-status` and 0 as texts that stay out of the table.
    private static let answer = bytes(
        """
        00 00 0e  01  04  00 00 00 01   88 5f 8b 1d 75 d0 62 0d 26 3d 4c 4d 65 64
        00 00 08  00  00  00 00 00 01   00 00 00 00 03 07 08 09
        00 00 0f  01  05  00 00 00 01   00 0b 67 72 70 63 2d 73 74 61 74 75 73 01 30
        """)

    /// The same again on stream 3: by now everything but the trailers has its entry in the tables.
    private static let secondRequest = bytes(
        """
        00 00 06  01  04  00 00 00 03   83 86 c1 c0 bf be
        00 00 05  00  01  00 00 00 03   00 00 00 00 00
        """)
    private static let secondAnswer = bytes(
        """
        00 00 02  01  04  00 00 00 03   88 be
        00 00 05  00  00  00 00 00 03   00 00 00 00 00
        00 00 0f  01  05  00 00 00 03   00 0b 67 72 70 63 2d 73 74 61 74 75 73 01 30
        """)

    private static func peer() throws -> RawPeer {
        let services = ServiceTable()
        services.register("/t/Echo", .unary { $2.succeed($1) })
        return try RawPeer(services)
    }

    @Test func aUnaryCall() throws {
        let peer = try Self.peer()
        peer.send(Self.preface)
        #expect(peer.received == Self.welcome)
        peer.send(Self.request)
        #expect(peer.received == Self.welcome + Self.answer)
        peer.send(Self.secondRequest)
        #expect(peer.received == Self.welcome + Self.answer + Self.secondAnswer)
    }

    /// A method that is not there is answered by headers alone: 12, and why.
    @Test func anErrorAtOnce() throws {
        let peer = try Self.peer()
        peer.send(Self.preface)
        let path = Self.bytes("44 05 2f 78 2f 59 5a")
        let head = Self.bytes("83 86") + path + Self.bytes("41 01 61 5f 8b 1d75d0620d263d4c4d6564")
        peer.send(Frames.frame(1, flags: 5, stream: 1, head))
        let frame = try #require(peer.frames.last { $0.stream == 1 })
        #expect(frame.type == 1 && frame.flags == 5)
        #expect(
            frame.payload.starts(
                with: Self.bytes(
                    """
                    88 5f 8b 1d 75 d0 62 0d 26 3d 4c 4d 65 64
                    40 88 9a ca c8 b2 12 34 da 8f 02 31 32
                    """)))
    }

    /// PING, and the end by a frame that is wrong: GOAWAY, stream 0, PROTOCOL_ERROR.
    @Test func aPingAndAGoodbye() throws {
        let peer = try Self.peer()
        peer.send(Self.preface)
        peer.send(Self.bytes("00 00 08  06  00  00 00 00 00   de ad be ef 01 02 03 04"))
        let pong = Self.bytes("00 00 08  06  01  00 00 00 00   de ad be ef 01 02 03 04")
        #expect(peer.received == Self.welcome + pong)
        peer.send(Self.bytes("00 00 00  00  00  00 00 00 00"))
        let goodbye = Self.bytes("07  00  00 00 00 00   00 00 00 00  00 00 00 01")
        let last = peer.received.dropFirst((Self.welcome + pong).count + 3)
        #expect(last.starts(with: goodbye) && peer.isClosed)
    }
}
