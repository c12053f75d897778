import LehrRPC
import Testing

@testable import LehrHTTP2

/// A server against the rules of HTTP/2 and HPACK, one by one.
@Suite struct ProtocolTests {
    private static func services() -> ServiceTable {
        let services = ServiceTable()
        services.register("/t/Echo", .unary { $2.succeed($1) })
        let held = Held()
        services.register("/t/Wait", .bidirectional { _, stream in held.streams.append(stream) })
        services.register(
            "/t/Take",
            .bidirectional { _, stream in
                stream.onMessage = { [unowned stream] _ in stream.request(1) }
                stream.onEnd = { stream.finish(nil) }
                stream.request(1)
            })
        return services
    }

    @Test(arguments: ProtocolCase.all)
    func rule(_ rule: ProtocolCase) throws {
        let peer = try RawPeer(Self.services(), limits: Self.limits)
        peer.send(rule.greeting)
        for step in rule.steps where !peer.isClosed { peer.send(step) }
        let said = Comment(rawValue: Self.summary(peer))
        switch rule.outcome {
        case .answered(let stream):
            #expect(Self.isAnswered(Int(stream), peer), said)
            #expect(Self.isAlive(peer), said)
        case .ignored:
            let errors = peer.frames.filter { $0.type == Frames.reset || $0.type == Frames.goAway }
            #expect(errors.isEmpty, said)
            #expect(Self.isAlive(peer), said)
        case .streamError(let stream, let codes):
            let code = try #require(peer.resetCode(of: Int(stream)), said)
            #expect(codes.contains(code), said)
            #expect(Self.isAlive(peer), said)
        case .connectionError(let codes):
            let goodbye = try #require(peer.goodbye, said)
            #expect(codes.contains(goodbye.code), said)
            #expect(peer.isClosed, said)
        case .closed: #expect(peer.isClosed, said)
        case .seen(let isSeen): #expect(isSeen(peer), said)
        }
    }

    /// What the server has said, for a test that fails.
    private static func summary(_ peer: RawPeer) -> String {
        let frames = peer.frames.map {
            "\($0.type)/\($0.flags)@\($0.stream):\($0.payload.prefix(8))"
        }
        return frames.joined(separator: " ") + (peer.isClosed ? " closed" : "")
    }

    private static var limits: RPCLimits {
        var limits = RPCLimits()
        limits.streamsPerConnectionMax = 10
        return limits
    }

    private static func isAnswered(_ stream: Int, _ peer: RawPeer) -> Bool {
        let frames = peer.frames.filter { $0.stream == stream }
        let isWhole = frames.contains { $0.type == Frames.headers && $0.flags & 1 == 1 }
        return isWhole && [nil, 0].contains(peer.resetCode(of: stream))
    }

    private static func isAlive(_ peer: RawPeer) -> Bool {
        let before = peer.frames.count
        peer.send(Frames.sign)
        return !peer.isClosed
            && peer.frames.dropFirst(before).contains { $0.type == Frames.ping && $0.flags == 1 }
    }

    /// The number of rules; and where nghttp2 answers otherwise than the RFC asks, so that a list of
    /// these is in one place.
    @Test func theRulesAreManyAndTheDeviationsFew() {
        let rules = ProtocolCase.all
        #expect(rules.count >= 140)
        #expect(Set(rules.map(\.testDescription)).count == rules.count)
        #expect(
            rules.filter { $0.deviation != nil }.map(\.testDescription) == Self.deviations)
    }

    private static let deviations = [
        "5.1 half-closed: DATA", "5.1 half-closed: HEADERS", "5.1 reset: DATA",
        "5.1 reset: HEADERS", "5.1 ended: DATA", "5.1 ended: HEADERS", "5.1.1 numbers rise",
        "5.1.1 numbers left out are closed", "5.1.2 too many streams of who knows better",
        "6.3 PRIORITY has five bytes", "6.3 a stream does not depend on itself",
        "6.5.3 an acknowledgement of nothing", "6.9 no update of a stream by nothing",
        "6.9.2 a new window must not overflow those of streams",
        "8.3.1 another host than the authority",
    ]
}
