@testable import LehrHTTP2

// RFC 9113, sections 6.5 and 6.9: settings, and how much may be sent.
extension ProtocolCase {
    private static let most: UInt32 = 0x7FFF_FFFF
    private static let wait: [UInt8] = Frames.request("/t/Wait", stream: 1)

    static let settings: [ProtocolCase] = [
        ProtocolCase(
            "6.5", "an acknowledgement is empty", Frames.frame(4, flags: 1, stream: 0, [0]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.5", "SETTINGS belong to no stream", wait, Frames.frame(4, flags: 0, stream: 1, []),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.5", "SETTINGS have six bytes each", Frames.frame(4, flags: 0, stream: 0, [0, 3, 0]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.5.2", "the size of the table is anything", Frames.settings(1, 0), Frames.call(1),
            outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "push is off", Frames.settings(2, 0), Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "push is on", Frames.settings(2, 1), Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "push is on or off", Frames.settings(2, 2),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.5.2", "streams of ours may be none", Frames.settings(3, 0), Frames.call(1),
            outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "a window is below 2^31", Frames.settings(4, 0x8000_0000),
            outcome: .connectionError(Code.flowControl)),
        ProtocolCase(
            "6.5.2", "a window is at most 2^31 - 1", Frames.settings(4, most), Frames.call(1),
            outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "a frame is at least 2^14", Frames.settings(5, 16383),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.5.2", "a frame is below 2^24", Frames.settings(5, 1 << 24),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.5.2", "a frame is at most 2^24 - 1", Frames.settings(5, 1 << 24 - 1),
            Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "the size of lists is advice", Frames.settings(6, 100), Frames.call(1),
            outcome: .answered(1)),
        ProtocolCase(
            "6.5.2", "unknown settings are ignored", Frames.settings(0xFE, 7), outcome: .ignored),
        ProtocolCase(
            "6.5.3", "the last of several counts",
            Frames.frame(
                4, flags: 0, stream: 0, Frames.setting(4, 0) + Frames.setting(4, 100)),
            Frames.call(1), outcome: .answered(1)),
        ProtocolCase(
            "6.5.3", "each is acknowledged", Frames.settings(3, 1), Frames.settings(3, 2),
            outcome: .seen { $0.frames.filter { $0.type == 4 && $0.flags == 1 }.count == 3 }),
        ProtocolCase(
            "6.5.3", "an acknowledgement of nothing", Frames.frame(4, flags: 1, stream: 0, []),
            outcome: .connectionError(Code.violation),
            deviation: "the RFC is silent; nghttp2 takes it for a violation"),
        ProtocolCase(
            "8.4 of 8441", "the extended CONNECT is on or off", Frames.settings(8, 2),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "2.1 of 9218", "priorities are on or off", Frames.settings(9, 2),
            outcome: .connectionError(Code.violation)),
    ]

    /// Bytes of DATA on a stream.
    private static func sent(_ stream: Int, _ peer: RawPeer) -> [Int] {
        peer.frames.filter { $0.type == 0 && $0.stream == stream }.map(\.payload.count)
    }

    static let flow: [ProtocolCase] = [
        ProtocolCase(
            "6.9", "no update of a connection by nothing", Frames.update(0, by: 0),
            outcome: .connectionError(Code.violation)),
        ProtocolCase(
            "6.9", "no update of a stream by nothing", wait, Frames.update(1, by: 0),
            outcome: .connectionError(Code.violation),
            deviation: "RFC: a stream error; nghttp2 lets such a client go"),
        ProtocolCase(
            "6.9", "WINDOW_UPDATE has four bytes", Frames.frame(8, flags: 0, stream: 0, [0, 0, 1]),
            outcome: .connectionError(Code.frameSize)),
        ProtocolCase(
            "6.9", "the reserved bit is ignored", Frames.update(0, by: 0x8000_0001),
            outcome: .ignored),
        ProtocolCase(
            "6.9.1", "no more than the stream's window is sent", Frames.settings(4, 2),
            Frames.call(1), outcome: .seen { sent(1, $0) == [2] }),
        ProtocolCase(
            "6.9.1", "nothing is sent into an empty window", Frames.settings(4, 0), Frames.call(1),
            outcome: .seen { peer in
                sent(1, peer).isEmpty && peer.frames.contains { $0.type == 1 && $0.stream == 1 }
            }),
        ProtocolCase(
            "6.9.1", "no more than the connection's window is sent", Frames.settings(4, most),
            Frames.request("/t/Echo", stream: 1),
            (0..<5).flatMap { index in
                let part = [UInt8](repeating: 1, count: 16000)
                return index == 0
                    ? Frames.frame(
                        0, flags: 0, stream: 1, [0] + Frames.bytes(64000) + part.dropLast(5))
                    : Frames.frame(
                        0, flags: index == 4 ? 1 : 0, stream: 1,
                        index == 4 ? Array(part.prefix(5)) : part)
            }, Frames.call(3), Frames.call(5),
            Frames.request("/t/Echo", stream: 7),
            Frames.message([UInt8](repeating: 1, count: 9000), stream: 7),
            outcome: .seen { peer in
                peer.frames.filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count } == 65535
            }),
        ProtocolCase(
            "6.9.1", "a connection's window is below 2^31", Frames.update(0, by: most),
            outcome: .connectionError(Code.flowControl)),
        ProtocolCase(
            "6.9.1", "a stream's window is below 2^31", wait, Frames.update(1, by: most),
            outcome: .streamError(1, Code.flowControl)),
        ProtocolCase(
            "6.9.1", "a client keeps to our window", greeting: Frames.preface, wait,
            (0..<5).flatMap { _ in
                Frames.frame(0, flags: 0, stream: 1, [UInt8](repeating: 1, count: 16000))
            }, outcome: .streamError(1, Code.flowControl)),
        ProtocolCase(
            "6.9.2", "a new window holds for open streams", Frames.settings(4, 0), Frames.call(1),
            Frames.settings(4, 100), outcome: .answered(1)),
        ProtocolCase(
            "6.9.2", "a window may become negative", Frames.settings(4, 3), Frames.call(1),
            // 3 bytes are out: 2 - 3 = -1, and then 1.
            Frames.settings(4, 2), Frames.update(1, by: 2),
            outcome: .seen { sent(1, $0) == [3, 1] }),
        ProtocolCase(
            "6.9.2", "a new window must not overflow those of streams", wait,
            Frames.update(1, by: most - 65535), Frames.settings(4, 65536),
            outcome: .streamError(1, Code.flowControl),
            deviation: "RFC: an error of the connection; nghttp2 resets the streams concerned"),
        ProtocolCase(
            "6.9.2", "an update of a stream lets it go on", Frames.settings(4, 0), Frames.call(1),
            Frames.update(1, by: 6), outcome: .answered(1)),
    ]
}
