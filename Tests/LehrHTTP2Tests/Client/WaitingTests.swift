import Glibc
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire
import Testing

@testable import LehrHTTP2

/// Calls that wait for a connection: how long, how many, and for what.
@Suite struct WaitingTests {
    private static var echo: ServiceTable {
        let services = ServiceTable()
        services.register("/t/Echo", .unary { $2.succeed($1) })
        return services
    }

    private static func limits(_ change: (inout RPCLimits) -> Void) -> RPCLimits {
        var limits = RPCLimits()
        change(&limits)
        return limits
    }

    /// Ended calls are left in the queue until their turn comes, and each holds its transport.
    @Test func aClientGoesWithItsLastWaitingCall() throws {
        weak var remains: HTTP2Transport?
        try {
            let reactor = try Reactor()
            let transport = HTTP2Transport(reactor: reactor, random: RandomSource(seed: 1))
            remains = transport
            let channel = transport.channel(to: "127.0.0.1:1")
            var ends: [StatusCode] = []
            let options = CallOptions(timeout: nil)
            let calls = (0..<3).map { _ in
                channel.unary("/t/Echo", [], options) { ends.append($0.code) }
            }
            for call in calls.reversed() { call.cancel() }
            transport.shutDown(grace: .zero) { reactor.stop() }
            reactor.run()
            #expect(ends == [.cancelled, .cancelled, .cancelled])
        }()
        #expect(remains == nil)
    }

    // MARK: Dead peers

    @Test func aServerThatAcceptsAndIsSilentFailsItsCallsInTime() throws {
        let limits = Self.limits { $0.connectTimeout = .milliseconds(60) }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let server = try RawServer(scene)
            server.greeting = []
            let start = scene.core.now
            _ = scene.client.channel(to: server.address).unary(
                "/t/Echo", [], CallOptions(timeout: nil)
            ) { result in
                let took = scene.core.now - start
                #expect(result.code == .unavailable)
                #expect(result.failure?.message.contains("SETTINGS") == true)
                #expect(took >= .milliseconds(60))
                #expect(took < .seconds(2))
                #expect(server.connections.count == 1)
                #expect(scene.counters.connectionsFailed == 1)
                #expect(scene.counters[.connectTime] == 1)
                server.close()
                scene.finish()
            }
        }
    }

    /// The kernel drops the SYN of a connection for which the listener has no room.
    @Test func aServerThatDoesNotAcceptFailsItsCallsInTime() throws {
        let limits = Self.limits { $0.connectTimeout = .milliseconds(100) }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let peer = try FullListener()
            let start = scene.core.now
            _ = scene.client.channel(to: peer.address).unary(
                "/t/Echo", [], CallOptions(timeout: nil)
            ) { result in
                let took = scene.core.now - start
                #expect(result.code == .unavailable)
                #expect(result.failure?.message.contains("timed out") == true)
                #expect(took >= .milliseconds(100))
                #expect(took < .seconds(2))
                #expect(scene.counters.connectionsMade == 0)
                #expect(scene.counters[.connectTime] == 1)
                withExtendedLifetime(peer) { scene.finish() }
            }
        }
    }

    /// A listener that nobody accepts from and whose backlog is full.
    private final class FullListener {
        private var descriptors: [Int32] = []
        private(set) var address = ""

        init() throws {
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let listener = socket(AF_INET, kind, 0)
            descriptors.append(listener)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            try withUnsafeMutablePointer(to: &name) {
                try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                    try #require(bind(listener, name, length) == 0 && listen(listener, 0) == 0)
                    try #require(getsockname(listener, name, &length) == 0)
                    for _ in 0..<8 {
                        let client = socket(AF_INET, kind, 0)
                        descriptors.append(client)
                        _ = connect(client, name, length)
                    }
                }
            }
            address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
        }

        deinit { for descriptor in descriptors { close(descriptor) } }
    }

    // MARK: Waiting for ready

    @Test func aCallThatWaitsIsMadeWhenTheServerComes() throws {
        try Scene.run(on: .sockets) { scene in
            let first = try scene.serve(Self.echo)
            first.transport.shutDown(grace: .zero) {
                let channel = scene.client.channel(to: first.address)
                var options = CallOptions()
                options.waitsForReady = true
                var failedFast = 0
                _ = channel.unary("/t/Echo", [4], options) { result in
                    #expect(result == .success([4]))
                    #expect(failedFast == 1)
                    #expect(scene.counters.callsWaiting == 0)
                    scene.finish()
                }
                _ = channel.unary("/t/Echo", [5], CallOptions()) { result in
                    #expect(result.code == .unavailable)
                    #expect(scene.counters.callsWaiting == 1)
                    failedFast += 1
                    scene.after(.milliseconds(150)) {
                        #expect(scene.counters.connectionsFailed >= 2)
                        #expect(throws: Never.self) {
                            try scene.serve(Self.echo, at: first.address)
                        }
                    }
                }
            }
        }
    }

    @Test func aCallThatWaitsEndsByItsDeadline() throws {
        try Scene.run(on: .sockets) { scene in
            var options = CallOptions(timeout: .milliseconds(150))
            options.waitsForReady = true
            let start = scene.core.now
            _ = scene.client.channel(to: "127.0.0.1:1").unary("/t/Echo", [4], options) { result in
                #expect(result.code == .deadlineExceeded)
                #expect(scene.core.now - start >= .milliseconds(150))
                #expect(scene.counters.callsWaiting == 0)
                scene.finish()
            }
        }
    }

    // MARK: Bounds

    @Test func theBytesThatWaitAreBounded() throws {
        let limits = Self.limits { $0.pendingBytesMax = 250 }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let channel = scene.client.channel(to: try scene.serve(Self.echo).address)
            let message = [UInt8](repeating: 1, count: 100)
            var codes: [StatusCode] = []
            let cancelled = channel.unary("/t/Echo", message, CallOptions()) {
                codes.append($0.code)
            }
            func call(_ end: @escaping () -> Void) {
                _ = channel.unary("/t/Echo", message, CallOptions()) { result in
                    codes.append(result.code)
                    end()
                }
            }
            call {}
            call {}
            // Its place is free at once.
            cancelled.cancel()
            call {
                #expect(codes == [.resourceExhausted, .cancelled, .ok, .ok])
                #expect(scene.counters[.pendingBytes] == 1)
                #expect(scene.counters.callsWaiting == 0)
                scene.finish()
            }
        }
    }

    @Test func aStreamThatWaitsIsStoppedAtTheBound() throws {
        let limits = Self.limits { $0.pendingBytesMax = 250 }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let channel = scene.client.channel(to: try scene.serve(Self.echo).address)
            let call = channel.bidirectional("/t/Echo", CallOptions()) { _ in
            } onEnd: { error in
                #expect(error?.code == .resourceExhausted)
                #expect(scene.counters.callsWaiting == 0)
                // All of its bytes are given back.
                let message = [UInt8](repeating: 1, count: 200)
                _ = channel.unary("/t/Echo", message, CallOptions()) { result in
                    #expect(result == .success(message))
                    scene.finish()
                }
            }
            for _ in 0..<3 { call.send([UInt8](repeating: 1, count: 100)) }
        }
    }

    @Test func moreConnectionsAreMadeUpToTheirBound() throws {
        let limits = Self.limits { $0.connectionsPerAddressMax = 3 }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let held = Held()
            let services = ServiceTable()
            services.register("/t/Hold", .unary { held.responders.append($2) })
            let server = try scene.serve(
                services, limits: Self.limits { $0.streamsPerConnectionMax = 2 })
            let channel = scene.client.channel(to: server.address)
            var ended = 0
            for _ in 0..<10 {
                _ = channel.unary("/t/Hold", [], CallOptions()) { result in
                    #expect(result.code == .ok)
                    ended += 1
                    guard ended == 10 else { return }
                    #expect(scene.counters.connectionsMade == 3)
                    scene.finish()
                }
            }
            scene.once {
                held.responders.count == 6
            } _: {
                // Time for a seventh to come, if it would.
                scene.after(.milliseconds(20)) {
                    #expect(held.responders.count == 6)
                    #expect(scene.counters.callsWaiting == 4)
                    answerAll()
                }
            }
            func answerAll() {
                for responder in held.responders { responder.succeed([]) }
                held.responders = []
                if !scene.isFinished { scene.after(.milliseconds(1), answerAll) }
            }
        }
    }

    @Test func aConnectionThatCannotKeepUpGetsAnother() throws {
        let limits = Self.limits { $0.connectionsPerAddressMax = 2 }
        try Scene.run(on: .sockets, limits: limits) { scene in
            let server = try RawServer(scene)
            // More than the sockets between them take.
            let window: UInt32 = 1 << 30
            server.greeting =
                Frames.frame(
                    Frames.settings, flags: 0, stream: 0, [0, 4] + Frames.bytes(window))
                + Frames.frame(Frames.windowUpdate, flags: 0, stream: 0, Frames.bytes(window))
            server.onFrame = { connection, frame in
                if frame.type == Frames.headers { connection.isDeaf = true }
            }
            let channel = scene.client.channel(to: server.address)
            let message = [UInt8](repeating: 1, count: 60 << 20)
            _ = channel.unary("/t/M", message, CallOptions()) { _ in }
            scene.onceStill {
                Int(scene.counters.bytesOut)
            } _: {
                #expect(scene.counters.connectionsMade == 1)
                #expect(scene.counters.bytesOut < message.count)
                _ = channel.unary("/t/M", [2], CallOptions()) { _ in }
                scene.once({ scene.counters.connectionsMade == 2 }, scene.finish)
            }
        }
    }
}

extension Result where Success == [UInt8], Failure == RPCError {
    var failure: RPCError? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
