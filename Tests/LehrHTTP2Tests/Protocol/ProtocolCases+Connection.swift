@testable import LehrHTTP2

// RFC 9113, sections 3 and 4: how a connection begins, frames, and lists of fields.
extension ProtocolCase {
    private static let magic = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static let connection: [ProtocolCase] = [
        ProtocolCase(
            "3.4", "the server begins with its SETTINGS", greeting: [], [],
            outcome: .seen { $0.frames.first.map { $0.type == 4 && $0.flags == 0 } ?? false }),
        ProtocolCase(
            "3.4", "a preface is acknowledged", greeting: [], Frames.preface,
            outcome: .seen { $0.frames.contains { $0.type == 4 && $0.flags == 1 } }),
        ProtocolCase(
            "3.4", "a preface may come in parts", greeting: [], Array(Frames.preface.prefix(5)),
            Array(Frames.preface.dropFirst(5).prefix(20)), Array(Frames.preface.dropFirst(25)),
            Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "3.4", "requests may come with the preface", greeting: [],
            Frames.preface + Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "3.4", "another preface is none", greeting: [],
            Array("PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n".utf8), outcome: .closed),
        ProtocolCase(
            "3.4", "HTTP/1.1 is no preface", greeting: [],
            Array("POST / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), outcome: .closed),
        ProtocolCase(
            "3.4", "TLS is no preface", greeting: [], [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3],
            outcome: .closed),
        ProtocolCase(
            "3.4", "SETTINGS come first", greeting: magic, Frames.sign,
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "3.4", "an acknowledgement does not come first", greeting: magic,
            Frames.frame(4, flags: 1, stream: 0, []), outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "3.4", "HEADERS do not come first", greeting: magic, Frames.call(1),
            outcome: .connectionError(Code.violation)),
    ]

    static let framing: [ProtocolCase] = [
        ProtocolCase(
            "4.1", "unknown types are ignored", Frames.frame(0x16, flags: 0, stream: 0, [1, 2]),
            outcome: .ignored),
        ProtocolCase(
            "4.1", "unknown types are ignored on streams", Frames.request("/t/Echo", stream: 1),
            Frames.frame(0x16, flags: 1, stream: 1, [1]), Frames.message([1], stream: 1),
            outcome: .answered(1)),
        ProtocolCase(
            "4.1", "unknown flags are ignored",
            Frames.frame(6, flags: 0xFE, stream: 0, Array("h2 flags".utf8)),
            outcome: .seen { $0.frames.last?.payload == Array("h2 flags".utf8) }),
        ProtocolCase(
            "4.1", "the reserved bit is ignored",
            Frames.frame(6, flags: 0, stream: 0x8000_0000, Array("h2 bit 0".utf8)),
            outcome: .seen { $0.frames.last?.payload == Array("h2 bit 0".utf8) }),
        ProtocolCase(
            "4.2", "16,384 bytes of DATA are taken", Frames.request("/t/Echo", stream: 1),
            Frames.message([UInt8](repeating: 1, count: 16379), stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "4.2", "16,385 bytes of DATA are too many", Frames.request("/t/Echo", stream: 1),
            Frames.message([UInt8](repeating: 1, count: 16380), stream: 1),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "4.2", "16,385 bytes of HEADERS are too many",
            Frames.frame(1, flags: 5, stream: 1, [UInt8](repeating: 0x82, count: 16385)),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "4.2", "16,386 bytes of SETTINGS are too many",
            Frames.frame(4, flags: 0, stream: 0, [UInt8](repeating: 0, count: 16386)),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "4.2", "16,385 bytes of an unknown type are too many",
            Frames.frame(0x16, flags: 0, stream: 0, [UInt8](repeating: 0, count: 16385)),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "4.2", "frames may come byte by byte",
            Array(Frames.call(1).prefix(4)), Array(Frames.call(1).dropFirst(4).prefix(7)),
            Array(Frames.call(1).dropFirst(11)), outcome: .answered(1)),
        ProtocolCase(
            "4.3", "a list that cannot be decoded ends the connection",
            Frames.frame(1, flags: 5, stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
            outcome: .connectionError(Code.compression)),
        ProtocolCase(
            "4.3", "nor can it be in CONTINUATION",
            Frames.frame(1, flags: 1, stream: 1, Frames.fields("/t/Echo")),
            Frames.frame(9, flags: 4, stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
            outcome: .connectionError(Code.compression)),
        ProtocolCase(
            "4.3", "a list is not interrupted by PRIORITY",
            Frames.frame(1, flags: 1, stream: 1, Frames.fields("/t/Echo")),
            Frames.frame(2, flags: 0, stream: 1, [0, 0, 0, 0, 1]),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "4.3", "a list is not interrupted by HEADERS of another stream",
            Frames.frame(1, flags: 1, stream: 1, Frames.fields("/t/Echo")), Frames.call(3),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "4.3", "a list that is refused is decoded all the same",
            // Stream 1 has a name in capitals, and puts an entry into the table.
            Frames.frame(
                1, flags: 5, stream: 1,
                Frames.fields("/t/Echo", extra: [("X", "y")]) + HPACK.added("x-kept", "1")),
            Frames.frame(
                1, flags: 4, stream: 3, Frames.fields("/t/Echo") + HPACK.indexed(62)),
            Frames.message([1], stream: 3), outcome: .answered(3)),
    ]
}
