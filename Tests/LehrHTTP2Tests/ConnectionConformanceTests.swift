import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What happens when servers come and go, the same on every transport.
@Suite struct ConnectionConformanceTests {
    private static var echo: ServiceTable.Handler {
        .unary { _, message, responder in responder.succeed(message) }
    }

    private static func services(_ handlers: [String: ServiceTable.Handler]) -> ServiceTable {
        let services = ServiceTable()
        for (path, handler) in handlers { services.register(path, handler) }
        return services
    }

    @Test(arguments: Carrier.allCases)
    func withoutAListenerCallsAreUnavailable(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = scene.client.channel(to: "127.0.0.1:1")
            var seen = 0
            for _ in 0..<10 {
                _ = channel.unary("/t/M", [], CallOptions()) { result in
                    #expect(result.code == .unavailable)
                    seen += 1
                    guard seen == 10 else { return }
                    // At once, or while the back-off lasts.
                    _ = channel.unary("/t/M", [], CallOptions()) { result in
                        #expect(result.code == .unavailable)
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func anAddressInUseIsNamed(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let address = try scene.serve(Self.services([:])).address
            let error = #expect(throws: RPCError.self) {
                try scene.serve(Self.services([:]), at: address)
            }
            #expect(error?.description.contains(address) == true)
            #expect(error?.description.lowercased().contains("address") == true)
            scene.finish()
        }
    }

    @Test(arguments: Carrier.allCases)
    func aServerThatStopsEndsItsCalls(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            var cancelled = 0
            let server = try scene.serve(
                Self.services([
                    "/t/Sleep": .unary { _, _, responder in
                        responder.onCancel = { cancelled += 1 }
                        held.responders.append(responder)
                    },
                    "/t/Watch": .serverStreaming { _, _, stream in
                        stream.onCancel = { cancelled += 1 }
                        held.streams.append(stream)
                        stream.send([1])
                    },
                ]))
            let channel = scene.client.channel(to: server.address)
            var ends: [StatusCode] = []
            func ended(_ code: StatusCode) {
                ends.append(code)
                guard ends.count == 2 else { return }
                #expect(ends == [.unavailable, .unavailable])
                #expect(cancelled == 2)
                _ = channel.unary("/t/Sleep", [], CallOptions()) { result in
                    #expect(result.code == .unavailable)
                    scene.finish()
                }
            }
            _ = channel.unary("/t/Sleep", [], CallOptions(timeout: nil)) { ended($0.code) }
            _ = channel.serverStreaming(
                "/t/Watch", [], CallOptions(timeout: nil),
                onMessage: { _ in server.transport.shutDown(grace: .milliseconds(20)) {} },
                onEnd: { ended($0?.code ?? .ok) })
        }
    }

    @Test(arguments: Carrier.allCases)
    func aGracefulStopLetsCallsFinish(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            let server = try scene.serve(
                Self.services([
                    "/t/Slow": .unary { _, _, responder in
                        held.responders.append(responder)
                        held.onCall?()
                    }
                ]))
            let channel = scene.client.channel(to: server.address)
            var events: [String] = []
            func happened(_ event: String) {
                events.append(event)
                guard events.count == 3 else { return }
                // The server may have stopped before the answer has travelled.
                #expect(events[0] == "refused")
                #expect(events.sorted() == ["answered", "refused", "stopped"])
                // It refers to the server, and the server to it.
                held.onCall = nil
                scene.finish()
            }
            func stop() {
                server.transport.shutDown(grace: .seconds(10)) { happened("stopped") }
                scene.after(.milliseconds(20)) {
                    _ = channel.unary("/t/Slow", [], CallOptions()) { result in
                        #expect(result.code == .unavailable)
                        happened("refused")
                        held.responders.first?.succeed([5])
                    }
                }
            }
            held.onCall = { scene.after(.zero, stop) }
            _ = channel.unary("/t/Slow", [], CallOptions()) { result in
                #expect(result == .success([5]))
                happened("answered")
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func callsGoOnAfterAServersRestart(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = Self.services(["/t/Echo": Self.echo])
            let server = try scene.serve(services)
            let channel = scene.client.channel(to: server.address)
            var failures = 0
            func callUntilItWorks() {
                _ = channel.unary("/t/Echo", [9], CallOptions()) { result in
                    if result == .success([9]) {
                        #expect(failures > 0)
                        return scene.finish()
                    }
                    #expect(result.code == .unavailable)
                    failures += 1
                    if failures == 3 {
                        #expect(throws: Never.self) {
                            try scene.serve(services, at: server.address)
                        }
                    }
                    scene.after(.milliseconds(10), callUntilItWorks)
                }
            }
            _ = channel.unary("/t/Echo", [1], CallOptions()) { result in
                #expect(result == .success([1]))
                server.transport.shutDown(grace: .zero) { callUntilItWorks() }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aClientThatStopsEndsItsCalls(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Sleep",
                .unary { _, _, responder in
                    responder.onCancel = { cancelled += 1 }
                    held.responders.append(responder)
                    held.onCall?()
                })
            var ends: [StatusCode] = []
            func stop() {
                scene.client.shutDown(grace: .seconds(5)) {
                    #expect(ends == [.unavailable])
                    _ = channel.unary("/t/Sleep", [], CallOptions()) { result in
                        #expect(result.code == .unavailable)
                        scene.once {
                            cancelled == 1
                        } _: {
                            scene.finish()
                        }
                    }
                }
            }
            held.onCall = { scene.after(.zero, stop) }
            _ = channel.unary("/t/Sleep", [], CallOptions(timeout: nil)) { ends.append($0.code) }
        }
    }
}
