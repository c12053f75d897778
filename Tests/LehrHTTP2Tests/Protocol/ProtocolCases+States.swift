@testable import LehrHTTP2

// RFC 9113, section 5: the states of streams, their numbers, and errors.
extension ProtocolCase {
    private static let open: [UInt8] = Frames.request("/t/Wait", stream: 1)
    /// The client has sent everything, the server not.
    private static let halfClosed: [UInt8] = Frames.request("/t/Wait", stream: 1, isEnd: true)
    private static let reset: [UInt8] = open + Frames.reset(1)
    private static let ended: [UInt8] = Frames.call(1)
    private static let someData: [UInt8] = Frames.frame(0, flags: 1, stream: 1, [1])
    private static let moreHeaders: [UInt8] = Frames.request("/t/Echo", stream: 1, isEnd: true)
    private static let strayContinuation: [UInt8] = Frames.frame(
        9, flags: 4, stream: 1, Frames.fields("/t/Echo"))
    // Nothing is kept of a stream that is over, so a frame that has crossed an RST_STREAM of ours, which
    // must be ignored, cannot be told from one that should not have been sent.
    private static let forgotten = "RFC: an error; nghttp2 ignores frames of streams that are over"

    private static let priority: [UInt8] = Frames.frame(2, flags: 0, stream: 1, [0, 0, 0, 0, 9])
    private static let update: [UInt8] = Frames.update(1, by: 1)

    static let states: [ProtocolCase] = [
        ProtocolCase(
            "5.1", "idle: DATA", someData, outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "5.1", "idle: RST_STREAM", Frames.reset(1),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "5.1", "idle: WINDOW_UPDATE", update, outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "5.1", "idle: CONTINUATION", strayContinuation,
            outcome: .connectionError(Code.violation)),
        ProtocolCase("5.1", "idle: PRIORITY", priority, outcome: .ignored),

        ProtocolCase("5.1", "open: WINDOW_UPDATE", open, update, outcome: .ignored),
        ProtocolCase("5.1", "open: PRIORITY", open, priority, outcome: .ignored),
        ProtocolCase("5.1", "open: RST_STREAM", open, Frames.reset(1), outcome: .ignored),

        ProtocolCase(
            "5.1", "half-closed: DATA", halfClosed, someData,
            outcome: .connectionError(Code.closed),
            deviation: "RFC: a stream error; a client that does not know its own streams is let go"),
        ProtocolCase(
            "5.1", "half-closed: HEADERS", halfClosed, moreHeaders,
            outcome: .connectionError(Code.closed),
            deviation: "RFC: a stream error; a client that does not know its own streams is let go"),
        ProtocolCase(
            "5.1", "half-closed: CONTINUATION", halfClosed, strayContinuation,
            outcome: .connectionError(Code.violation)),
        ProtocolCase("5.1", "half-closed: WINDOW_UPDATE", halfClosed, update, outcome: .ignored),
        ProtocolCase("5.1", "half-closed: PRIORITY", halfClosed, priority, outcome: .ignored),
        ProtocolCase(
            "5.1", "half-closed: RST_STREAM", halfClosed, Frames.reset(1), outcome: .ignored),

        ProtocolCase(
            "5.1", "reset: DATA", reset, someData, outcome: .ignored, deviation: forgotten),
        ProtocolCase(
            "5.1", "reset: HEADERS", reset, moreHeaders, outcome: .ignored, deviation: forgotten),
        ProtocolCase(
            "5.1", "reset: CONTINUATION", reset, strayContinuation,
            outcome: .connectionError(Code.violation)),
        ProtocolCase("5.1", "reset: WINDOW_UPDATE", reset, update, outcome: .ignored),
        ProtocolCase("5.1", "reset: PRIORITY", reset, priority, outcome: .ignored),
        ProtocolCase("5.1", "reset: RST_STREAM", reset, Frames.reset(1), outcome: .ignored),

        ProtocolCase(
            "5.1", "ended: DATA", ended, someData, outcome: .ignored, deviation: forgotten),
        ProtocolCase(
            "5.1", "ended: HEADERS", ended, moreHeaders, outcome: .ignored, deviation: forgotten),
        ProtocolCase(
            "5.1", "ended: CONTINUATION", ended, strayContinuation,
            outcome: .connectionError(Code.violation)),
        ProtocolCase("5.1", "ended: WINDOW_UPDATE", ended, update, outcome: .ignored),
        ProtocolCase("5.1", "ended: PRIORITY", ended, priority, outcome: .ignored),
        ProtocolCase("5.1", "ended: RST_STREAM", ended, Frames.reset(1), outcome: .ignored),

        ProtocolCase(
            "5.1.1", "even numbers are not a client's", Frames.call(2),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "5.1.1", "numbers rise", Frames.call(5), Frames.call(3), outcome: .ignored,
            deviation: forgotten),
        ProtocolCase(
            "5.1.1", "numbers may be left out", Frames.call(5), Frames.call(9),
            outcome: .answered(9)),
        ProtocolCase(
            "5.1.1", "numbers left out are closed", Frames.call(5),
            Frames.frame(0, flags: 1, stream: 3, [1]), outcome: .ignored, deviation: forgotten),
        ProtocolCase(
            "5.1.1", "the highest number is as good as any", Frames.call(0x7FFF_FFFF),
            outcome: .answered(0x7FFF_FFFF)),

        ProtocolCase(
            "5.1.2", "too many streams are refused", greeting: Frames.preface,
            (0...10).flatMap { Frames.request("/t/Wait", stream: 2 * $0 + 1) },
            outcome: .streamError(21, Code.refused)),
        ProtocolCase(
            "5.1.2", "too many streams of who knows better",
            (0...10).flatMap { Frames.request("/t/Wait", stream: 2 * $0 + 1) },
            outcome: .connectionError(Code.violation),
            deviation: "RFC: a stream error; a client that has acknowledged the limit is let go"),
        ProtocolCase(
            "5.1.2", "a stream that is over makes room",
            (0..<10).flatMap { Frames.request("/t/Wait", stream: 2 * $0 + 1) }, Frames.reset(7),
            Frames.call(21), outcome: .answered(21)),

        ProtocolCase(
            "5.4.1", "GOAWAY names the last stream", Frames.call(5),
            Frames.frame(0, flags: 0, stream: 0, [1]),
            outcome: .seen { $0.frames.last?.payload.prefix(8) == [0, 0, 0, 5, 0, 0, 0, 1] }),
        ProtocolCase(
            "5.4.2", "an error of one stream leaves the others", open,
            Frames.request("/t/Wait", stream: 3), Frames.update(3, by: 0x7FFF_FFFF),
            Frames.call(5), outcome: .answered(5)),
        ProtocolCase(
            "5.5", "unknown types do not interrupt a list",
            Frames.frame(1, flags: 1, stream: 1, Frames.fields("/t/Echo")),
            Frames.frame(0x16, flags: 0, stream: 0, []),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "7", "unknown error codes of a stream", open,
            Frames.frame(3, flags: 0, stream: 1, Frames.bytes(0xFF)), Frames.call(3),
            outcome: .answered(3)),
        ProtocolCase(
            "7", "unknown error codes of a connection", open,
            Frames.frame(7, flags: 0, stream: 0, Frames.bytes(0) + Frames.bytes(0xFF)),
            outcome: .ignored),
    ]
}
