import LehrCore
import LehrHTTP2
import LehrRPC
import LehrWire
import Testing

/// Bounds that only sockets have.
@Suite struct ClientLimitsTests {
    private static var echo: ServiceTable.Handler {
        .unary { _, message, responder in responder.succeed(message) }
    }

    @Test func callsBeyondThePendingLimitAreRefusedAtOnce() throws {
        var limits = RPCLimits()
        limits.pendingCallsMax = 4
        try Scene.run(on: .sockets, limits: limits) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            var codes: [StatusCode] = []
            for _ in 0..<7 {
                _ = channel.unary("/t/Echo", [1], CallOptions()) { result in
                    codes.append(result.code)
                    guard codes.count == 7 else { return }
                    #expect(codes.prefix(3).allSatisfy { $0 == .resourceExhausted })
                    #expect(codes.suffix(4).allSatisfy { $0 == .ok })
                    let counters = (scene.client as? HTTP2Transport)?.counters
                    #expect(counters?[.pendingCalls] == 3)
                    scene.finish()
                }
            }
        }
    }

    @Test func callsBeyondTheServersStreamLimitWait() throws {
        var limits = RPCLimits()
        limits.streamsPerConnectionMax = 3
        try Scene.run(on: .sockets) { scene in
            var (running, runningMax, seen) = (0, 0, 0)
            let channel = try scene.channel(
                "/t/Slow",
                .unary { _, message, responder in
                    running += 1
                    runningMax = max(runningMax, running)
                    scene.after(.milliseconds(1)) {
                        running -= 1
                        responder.succeed(message)
                    }
                }, limits: limits)
            // The limit is known to the client once it has heard from the server.
            _ = channel.unary("/t/Slow", [0], CallOptions()) { _ in
                for _ in 0..<20 {
                    _ = channel.unary("/t/Slow", [1], CallOptions()) { result in
                        #expect(result.code == .ok)
                        seen += 1
                        guard seen == 20 else { return }
                        #expect(runningMax == 3)
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test func aChannelThatCannotConnectFailsAtOnceWhileItsBackOffLasts() throws {
        try Scene.run(on: .sockets) { scene in
            let channel = scene.client.channel(to: "127.0.0.1:1")
            _ = channel.unary("/t/M", [], CallOptions()) { first in
                let start = scene.core.now
                var attempts = 0
                func again() {
                    _ = channel.unary("/t/M", [], CallOptions()) { result in
                        #expect(result == first)
                        attempts += 1
                        // A hundred calls do not take a hundred back-offs.
                        if attempts < 100 { return again() }
                        #expect(scene.core.now - start < .seconds(3))
                        scene.finish()
                    }
                }
                again()
            }
        }
    }

    @Test(arguments: ["nowhere", "host:port", "127.0.0.1"])
    func aBadAddressFailsItsCalls(address: String) throws {
        try Scene.run(on: .sockets) { scene in
            _ = scene.client.channel(to: address).unary("/t/M", [], CallOptions()) { result in
                #expect(result.code == .invalidArgument)
                scene.finish()
            }
        }
    }

    @Test func countersTellWhatHappened() throws {
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            services.register("/t/Echo", Self.echo)
            let server = try scene.serve(services)
            let channel = scene.client.channel(to: server.address)
            _ = channel.unary("/t/Echo", [1], CallOptions()) { _ in
                _ = channel.unary("/t/None", [1], CallOptions()) { _ in
                    let client = (scene.client as? HTTP2Transport)?.counters
                    let answered = (server.transport as? HTTP2Transport)?.counters
                    #expect(client?.made[.ok] == 1 && client?.made[.unimplemented] == 1)
                    #expect(answered?.answered[.ok] == 1 && answered?.answered.started == 2)
                    #expect(answered?.connectionsAccepted == 1 && client?.connectionsMade == 1)
                    #expect((client?.bytesIn ?? 0) > 100 && (client?.bytesOut ?? 0) > 100)
                    #expect(client?.connectionsOpen == 1)
                    scene.finish()
                }
            }
        }
    }
}
