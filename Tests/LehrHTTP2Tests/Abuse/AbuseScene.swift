import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// A server with one peer that means it harm, and another that must not notice.
final class AbuseScene {
    let attacker: RawPeer
    let held = Held()
    private(set) var callsHandled = 0
    private let bystander: RawPeer
    private var bystanderStream: UInt32 = 1
    private var services = ServiceTable()

    init(limits: RPCLimits = RPCLimits(), attackerGreets: Bool = true) throws {
        attacker = try RawPeer(services, limits: limits)
        bystander = try RawPeer(services, on: attacker.transport)
        bystander.send(Frames.preface)
        if attackerGreets { attacker.send(Frames.preface) }
        services.register("/t/Echo", .unary { $2.succeed($1) })
        services.register(
            "/t/Hold",
            .unary { [unowned self] _, _, responder in
                callsHandled += 1
                held.responders.append(responder)
            })
        // Answers with as many KiB as the request's first byte says.
        services.register(
            "/t/Give",
            .unary { _, message, responder in
                responder.succeed([UInt8](repeating: 1, count: Int(message.first ?? 0) << 10))
            })
        services.register(
            "/t/Duplex",
            .bidirectional { [unowned self] _, stream in
                stream.onMessage = { [unowned stream] _ in stream.request(1) }
                stream.request(1)
                held.streams.append(stream)
            })
        services.register(
            "/t/Unread", .bidirectional { [unowned self] _, stream in held.streams.append(stream) })
    }

    var counters: HTTP2Counters { attacker.transport.counters }

    /// One more connection like the attacker's.
    func another() throws -> RawPeer {
        let peer = try RawPeer(services, on: attacker.transport)
        peer.send(Frames.preface)
        return peer
    }

    /// The other peer is served as if nothing were the matter.
    func expectBystanderServed(sourceLocation: SourceLocation = #_sourceLocation) {
        let before = counters.answered[.ok]
        bystander.send(
            Frames.request("/t/Echo", stream: bystanderStream)
                + Frames.message([1], stream: bystanderStream))
        bystanderStream += 2
        #expect(counters.answered[.ok] == before + 1, sourceLocation: sourceLocation)
        #expect(!bystander.isClosed, sourceLocation: sourceLocation)
    }

    /// The attacker has gone, was told why, and nothing of it is left.
    func expectAttackerOut(
        by limit: RPCLimit, code: Int = 11, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(attacker.isClosed, sourceLocation: sourceLocation)
        #expect(attacker.goodbye?.code == code, sourceLocation: sourceLocation)
        #expect(counters[limit] == 1, sourceLocation: sourceLocation)
        #expect(counters[.limit] == 1, sourceLocation: sourceLocation)
        #expect(attacker.heldBytes == 0, sourceLocation: sourceLocation)
        #expect(counters.heldBytes == 0, sourceLocation: sourceLocation)
        expectBystanderServed(sourceLocation: sourceLocation)
    }
}
