import LehrCore
import LehrRPC
import LehrReactor
import LehrWire
import Testing

@testable import LehrHTTP2

/// How a server comes to an end with calls in flight.
@Suite struct DrainTests {
    /// A call with a deadline has the whole grace; a watch, which has none, half a second.
    @Test(arguments: [true, false])
    func callsWithADeadlineHaveTheGrace(hasDeadline: Bool) throws {
        try Scene.run(on: .sockets) { scene in
            let held = Held()
            let services = ServiceTable()
            services.register(
                "/t/Hold", .unary { _, _, responder in held.responders.append(responder) })
            let (server, address) = try scene.serve(services)
            let channel = scene.client.channel(to: address)
            let timeout: Duration? = hasDeadline ? .seconds(20) : nil
            let start = scene.core.now
            var hasShutDown = false
            _ = channel.unary("/t/Hold", [], CallOptions(timeout: timeout)) { result in
                #expect(result.code == (hasDeadline ? .ok : .unavailable))
                #expect(hasDeadline || scene.core.now - start >= .milliseconds(500))
                scene.once {
                    hasShutDown
                } _: {
                    scene.finish()
                }
            }
            scene.once {
                held.responders.count == 1
            } _: {
                server.shutDown(grace: .seconds(20)) { hasShutDown = true }
                scene.after(.milliseconds(900)) {
                    for responder in held.responders { responder.succeed([]) }
                }
            }
        }
    }

    /// Those who watch are told before the connection says goodbye.
    @Test func whatIsToHappenBeforeHappensFirst() throws {
        try Scene.run(on: .sockets) { scene in
            let services = ServiceTable()
            let health = HealthService()
            health.register(in: services)
            let (server, address) = try scene.serve(services)
            (server as? HTTP2Transport)?.atShutDown { health.stop() }
            var heard: [[UInt8]] = []
            _ = scene.client.channel(to: address).serverStreaming(
                "/grpc.health.v1.Health/Watch", [], CallOptions(timeout: nil)
            ) { message in
                heard.append(message)
                if heard.count == 1 { server.shutDown(grace: .seconds(5)) {} }
            } onEnd: { error in
                #expect(error?.code == .unavailable)
                #expect(heard == [[8, 1], [8, 2]])
                // What is said later changes nothing.
                health[""] = .serving
                #expect(health[""] == .notServing)
                scene.finish()
            }
        }
    }
}
