import LehrCore
import LehrRPC
import LehrReactor
import LehrWire
import Testing

@testable import LehrHTTP2

/// How connections are kept alive and come to an end; only sockets have them.
@Suite struct ConnectionLifeTests {
    private static let ping = Frames.frame(
        Frames.ping, flags: 0, stream: 0, [UInt8](repeating: 1, count: 8))

    private static func peer(_ limits: RPCLimits = RPCLimits()) throws -> RawPeer {
        let services = ServiceTable()
        services.register("/t/Echo", .unary { $2.succeed($1) })
        let peer = try RawPeer(services, limits: limits)
        peer.send(Frames.preface)
        return peer
    }

    private static func call(_ stream: UInt32) -> [UInt8] {
        Frames.request("/t/Echo", stream: stream) + Frames.message([1], stream: stream)
    }

    @Test(arguments: [false, true])
    func tooManyPingsEndTheConnection(areAtOnce: Bool) throws {
        let peer = try Self.peer()
        if areAtOnce {
            peer.send(Array(repeating: Self.ping, count: 50).joined())
        } else {
            for _ in 0..<3 { peer.send(Self.ping) }
            #expect(!peer.isClosed)
            peer.send(Self.ping)
        }
        #expect(peer.isClosed)
        let last = peer.frames.last
        #expect(last?.type == Frames.goAway)
        #expect(last?.payload == Frames.bytes(0) + Frames.bytes(11) + Array("too_many_pings".utf8))
        #expect(peer.transport.counters[.pings] == 1)
    }

    @Test func pingsBetweenAnswersAreWelcome() throws {
        let peer = try Self.peer()
        for index in 0..<20 { peer.send(Self.ping + Self.call(UInt32(2 * index + 1)) + Self.ping) }
        #expect(!peer.isClosed)
        #expect(peer.frames.filter { $0.type == Frames.ping && $0.flags == 1 }.count == 40)
        #expect(peer.transport.counters.answered[.ok] == 20)
    }

    @Test func pingsFarApartAreWelcome() throws {
        var limits = RPCLimits()
        limits.pingIntervalMin = .zero
        let peer = try Self.peer(limits)
        for _ in 0..<20 { peer.send(Self.ping) }
        #expect(!peer.isClosed)
    }

    @Test func drainingLosesNoCall() throws {
        let peer = try Self.peer()
        peer.send(Self.call(1))
        peer.drain()
        peer.drain()
        let goAway = peer.frames.last { $0.type == Frames.goAway }
        #expect(goAway?.payload == [127, 255, 255, 255, 0, 0, 0, 0])
        // This one was on its way.
        peer.send(Self.call(3))
        #expect(peer.transport.counters.answered[.ok] == 2)
        let asked = try #require(peer.frames.last { $0.type == Frames.ping && $0.flags == 0 })
        peer.send(Frames.frame(Frames.ping, flags: 1, stream: 0, asked.payload))
        let goAways = peer.frames.filter { $0.type == Frames.goAway }
        #expect(goAways.map(\.payload).last == [0, 0, 0, 3, 0, 0, 0, 0])
        #expect(goAways.count == 2)
        #expect(peer.isClosed)
    }

    @Test func anEndThatComesWithTheLastBytesIsNoticed() throws {
        let peer = try Self.peer()
        peer.endSending(Self.call(1))
        #expect(peer.transport.counters.connectionsOpen == 0)
        #expect(peer.isClosed)
    }

    private static func counters(_ transport: any Transport) -> HTTP2Counters {
        (transport as? HTTP2Transport)?.counters ?? HTTP2Counters()
    }

    @Test func anIdleConnectionEndsAndTheNextCallMakesAnother() throws {
        var limits = RPCLimits()
        limits.connectionIdleMax = .milliseconds(40)
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            services.register("/t/Echo", .unary { $2.succeed($1) })
            let (server, address) = try scene.serve(services, limits: limits)
            let channel = scene.client.channel(to: address)
            _ = channel.unary("/t/Echo", [1], CallOptions()) { result in
                #expect(result.code == .ok)
                scene.once {
                    Self.counters(server).connectionsOpen == 0
                } _: {
                    #expect(Self.counters(server)[.connectionIdleTime] == 1)
                    _ = channel.unary("/t/Echo", [1], CallOptions()) { result in
                        #expect(result.code == .ok)
                        #expect(Self.counters(server).connectionsAccepted == 2)
                        scene.finish()
                    }
                }
            }
        }
    }

    /// Renewals are seconds apart: neither the connection nor the stream is idle for that.
    @Test func aStreamThatRestsBetweenMessagesStays() throws {
        var limits = RPCLimits()
        limits.connectionIdleMax = .milliseconds(20)
        limits.requestTimeout = .milliseconds(20)
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            services.exchange(CoordinatorMethods.keepAlive) { _, _, respond in
                respond.succeed { _, _ in }
            }
            let (server, address) = try scene.serve(services, limits: limits)
            var answers = 0
            var stream: RequestStream<Wire.KeepAliveRequest>?
            stream = scene.client.channel(to: address).bidirectional(CoordinatorMethods.keepAlive) {
                _ in
                answers += 1
                guard answers < 3 else {
                    #expect(Self.counters(server).connectionsAccepted == 1)
                    return scene.finish()
                }
                scene.after(.milliseconds(200)) {
                    stream?.untyped.request(1)
                    stream?.send { _, _ in }
                }
            } onEnd: {
                guard answers < 3 else { return }
                Issue.record("the stream has ended: \($0.map { "\($0)" } ?? "OK")")
            }
            stream?.untyped.request(1)
            stream?.send { _, _ in }
        }
    }

    @Test(arguments: [StatusCode.ok, .unavailable])
    func anOldConnectionEndsWithItsCallsOrAfterItsGrace(expected: StatusCode) throws {
        var limits = RPCLimits()
        limits.connectionAgeMax = .milliseconds(40)
        limits.connectionAgeGrace = expected == .ok ? .seconds(20) : .milliseconds(40)
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            services.register(
                "/t/Slow",
                .unary { _, _, responder in
                    scene.after(.milliseconds(300)) { responder.succeed([]) }
                })
            let (server, address) = try scene.serve(services, limits: limits)
            let channel = scene.client.channel(to: address)
            _ = channel.unary("/t/Slow", [], CallOptions()) { result in
                #expect(result.code == expected)
                #expect(Self.counters(server)[.connectionAge] == 1)
                scene.finish()
            }
        }
    }

    private static func keepAlive(_ milliseconds: Int) -> RPCLimits {
        var limits = RPCLimits()
        limits.keepAliveInterval = .milliseconds(milliseconds)
        limits.keepAliveTimeout = .milliseconds(100)
        return limits
    }

    @Test func aServerThatIsDeadIsGivenUp() throws {
        try Scene.run(on: .sockets, limits: Self.keepAlive(30)) { scene in
            let server = try RawServer(scene)
            let channel = scene.client.channel(to: server.address)
            let start = scene.core.now
            _ = channel.unary("/t/Echo", [], CallOptions(timeout: nil)) { result in
                #expect(result.code == .unavailable)
                #expect(scene.core.now - start >= .milliseconds(130))
                #expect(Self.counters(scene.client)[.keepAliveTime] == 1)
                server.close()
                scene.finish()
            }
        }
    }

    @Test(arguments: [StatusCode.ok, .unavailable])
    func aSlowServerIsNotDeadUnlessPingsAnnoyIt(expected: StatusCode) throws {
        var limits = RPCLimits()
        if expected == .ok { limits.pingIntervalMin = .zero }
        try Scene.run(on: .sockets, limits: Self.keepAlive(30)) { scene in
            let services = ServiceTable()
            services.register(
                "/t/Slow",
                .unary { _, _, responder in
                    scene.after(.milliseconds(700)) { responder.succeed([]) }
                })
            let (server, address) = try scene.serve(services, limits: limits)
            let channel = scene.client.channel(to: address)
            _ = channel.unary("/t/Slow", [], CallOptions()) { result in
                #expect(result.code == expected)
                let floods = Self.counters(server)[.pings]
                #expect(floods == (expected == .ok ? 0 : 1))
                scene.finish()
            }
        }
    }
}
