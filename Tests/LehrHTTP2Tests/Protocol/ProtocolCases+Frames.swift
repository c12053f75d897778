@testable import LehrHTTP2

// RFC 9113, section 6: the types of frames but SETTINGS and flow control.
extension ProtocolCase {
    private static let open: [UInt8] = Frames.request("/t/Echo", stream: 1)
    private static let message = Array(Frames.message([1], stream: 1).dropFirst(9))
    private static let fields: [UInt8] = Frames.fields("/t/Echo")

    static let data: [ProtocolCase] = [
        ProtocolCase(
            "6.1", "DATA belongs to a stream", Frames.frame(0, flags: 0, stream: 0, [1]),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.1", "padding is taken off", open,
            Frames.frame(0, flags: 9, stream: 1, [3] + message + [0, 0, 0]),
            outcome: .answered(1)),
        ProtocolCase(
            "6.1", "padding of its own length", open,
            Frames.frame(0, flags: 8, stream: 1, [0] + message),
            Frames.frame(0, flags: 1, stream: 1, []), outcome: .answered(1)),
        ProtocolCase(
            "6.1", "padding is shorter than its frame", open,
            Frames.frame(0, flags: 9, stream: 1, [7, 1, 2, 3]),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.1", "padding has a length", open, Frames.frame(0, flags: 9, stream: 1, []),
            outcome: .connectionError([1, 6])),
        ProtocolCase(
            "6.1", "DATA may be empty", open, Frames.frame(0, flags: 0, stream: 1, []),
            Frames.frame(0, flags: 1, stream: 1, message), outcome: .answered(1)),
    ]

    static let headers: [ProtocolCase] = [
        ProtocolCase(
            "6.2", "HEADERS belong to a stream", Frames.frame(1, flags: 5, stream: 0, fields),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.2", "padding is taken off",
            Frames.frame(1, flags: 12, stream: 1, [2] + fields + [0, 0]),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "6.2", "padding is shorter than its frame",
            Frames.frame(1, flags: 13, stream: 1, [200, 0x82]),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.2", "priority is passed over",
            Frames.frame(1, flags: 0x24, stream: 1, [0, 0, 0, 0, 16] + fields),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "6.2", "padding and priority",
            Frames.frame(1, flags: 0x2C, stream: 1, [1] + [0, 0, 0, 0, 16] + fields + [0]),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "6.2", "priority has five bytes", Frames.frame(1, flags: 0x25, stream: 1, [0, 0]),
            outcome: .connectionError([1, 6])),
        ProtocolCase(
            "6.2", "an exclusive dependency is passed over",
            Frames.frame(1, flags: 0x24, stream: 1, [0x80, 0, 0, 0, 255] + fields),
            Frames.message([1], stream: 1), outcome: .answered(1)),
    ]

    static let priorities: [ProtocolCase] = [
        ProtocolCase(
            "6.3", "PRIORITY belongs to a stream",
            Frames.frame(2, flags: 0, stream: 0, [0, 0, 0, 0, 1]),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.3", "PRIORITY has five bytes", Frames.frame(2, flags: 0, stream: 1, [0, 0, 0, 1]),
            outcome: .connectionError(Code.frameSize),
            deviation: "RFC: a stream error; a frame that is not well-formed ends the connection"),
        ProtocolCase(
            "6.3", "a stream does not depend on itself",
            Frames.frame(2, flags: 0, stream: 1, [0, 0, 0, 1, 1]),
            outcome: .connectionError(Code.violation),
            deviation: "RFC 9113 has no such rule any more; RFC 7540 had a stream error"),
        ProtocolCase(
            "6.4", "RST_STREAM belongs to a stream", Frames.reset(0),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.4", "RST_STREAM has four bytes", open,
            Frames.frame(3, flags: 0, stream: 1, [0, 0, 8]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.6", "a client does not push",
            open, Frames.frame(5, flags: 4, stream: 1, Frames.bytes(2) + fields),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.7", "PING comes back", Frames.sign,
            outcome: .seen {
                $0.frames.last.map { $0.flags == 1 && $0.payload == Array("h2 alive".utf8) }
                    ?? false
            }),
        ProtocolCase(
            "6.7", "the answer to a PING is not answered",
            Frames.frame(6, flags: 1, stream: 0, Array("h2 alive".utf8)),
            outcome: .seen { !$0.frames.contains { $0.type == Frames.ping } }),
        ProtocolCase(
            "6.7", "PING has eight bytes",
            Frames.frame(6, flags: 0, stream: 0, [1, 2, 3, 4, 5, 6]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.7", "PING belongs to no stream",
            open, Frames.frame(6, flags: 0, stream: 1, Array("h2 alive".utf8)),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.8", "GOAWAY belongs to no stream",
            open, Frames.frame(7, flags: 0, stream: 1, Frames.bytes(0) + Frames.bytes(0)),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.8", "GOAWAY has eight bytes", Frames.frame(7, flags: 0, stream: 0, [0, 0, 0, 0]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.8", "after GOAWAY what is open goes on", open,
            Frames.frame(7, flags: 0, stream: 0, Frames.bytes(0) + Frames.bytes(0)),
            Frames.message([1], stream: 1),
            outcome: .seen {
                $0.frames.contains { $0.type == 1 && $0.flags & 1 == 1 } && $0.isClosed
            }),
        ProtocolCase(
            "6.8", "after GOAWAY and the last stream the connection ends",
            Frames.frame(7, flags: 0, stream: 0, Frames.bytes(0) + Frames.bytes(0) + [1, 2]),
            outcome: .closed),
    ]

    static let continuation: [ProtocolCase] = [
        ProtocolCase(
            "6.10", "a list may go on",
            Frames.frame(1, flags: 0, stream: 1, Array(fields.prefix(7))),
            Frames.frame(9, flags: 0, stream: 1, Array(fields.dropFirst(7).prefix(30))),
            Frames.frame(9, flags: 4, stream: 1, Array(fields.dropFirst(37))),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "6.10", "parts may be empty", Frames.frame(1, flags: 0, stream: 1, []),
            Frames.frame(9, flags: 0, stream: 1, []), Frames.frame(9, flags: 4, stream: 1, fields),
            Frames.message([1], stream: 1), outcome: .answered(1)),
        ProtocolCase(
            "6.10", "END_STREAM of HEADERS counts after CONTINUATION",
            Frames.frame(1, flags: 1, stream: 1, Array(fields.prefix(9))),
            Frames.frame(9, flags: 4, stream: 1, Array(fields.dropFirst(9))),
            outcome: .answered(1)),
        ProtocolCase(
            "6.10", "CONTINUATION belongs to a stream",
            Frames.frame(1, flags: 0, stream: 1, fields), Frames.frame(9, flags: 4, stream: 0, []),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.10", "CONTINUATION belongs to the same stream",
            Frames.frame(1, flags: 0, stream: 1, fields), Frames.frame(9, flags: 4, stream: 3, []),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.10", "nothing comes between", Frames.frame(1, flags: 0, stream: 1, fields),
            Frames.frame(9, flags: 0, stream: 1, []), Frames.sign,
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.10", "not after the end of a list", open, Frames.frame(9, flags: 4, stream: 1, []),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.10", "not after the end of a list in CONTINUATION",
            Frames.frame(1, flags: 0, stream: 1, fields), Frames.frame(9, flags: 4, stream: 1, []),
            Frames.frame(9, flags: 4, stream: 1, []), outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.10", "not after DATA", open, Frames.frame(0, flags: 0, stream: 1, message),
            Frames.frame(9, flags: 4, stream: 1, []), outcome: .connectionError(Code.violation)),
    ]
}
