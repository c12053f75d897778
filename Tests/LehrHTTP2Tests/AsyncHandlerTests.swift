import CLehrWire
import LehrCore
import LehrRPC
import LehrWire
import Testing

/// Handlers that are `async` functions, over every transport.
@Suite struct AsyncHandlerTests {
    /// Waits without leaving the core, and counts who is where.
    private final class Gate: @unchecked Sendable {
        // Unchecked: everything runs on the thread of the test.
        var waiting: [CheckedContinuation<Void, Never>] = []
        var wasCancelled = false
        var isDone = false
        /// Of the server.
        var core: (any Core)?

        var isHome: Bool { core?.isCurrent == true }
    }

    private static func server(
        _ scene: Scene, _ gate: Gate,
        _ body: @escaping @Sendable (Gate, [UInt8]) async throws -> [UInt8]
    ) throws -> any Channel {
        let services = ServiceTable()
        let (transport, address) = try scene.serve(services)
        gate.core = transport.core
        services.asyncUnary("/t/Async", on: transport.core) { _, message in
            try await body(gate, message)
        }
        return scene.client.channel(to: address)
    }

    @Test(arguments: Carrier.allCases)
    func oneThatDoesNotWaitAnswersAtOnce(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let gate = Gate()
            let channel = try Self.server(scene, gate) { gate, message in
                #expect(gate.isHome)
                return message + [4]
            }
            _ = channel.unary("/t/Async", [1, 2, 3], CallOptions()) { result in
                #expect(result == .success([1, 2, 3, 4]))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func afterAWaitItIsStillOnItsCore(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let gate = Gate()
            let channel = try Self.server(scene, gate) { gate, message in
                await withCheckedContinuation { gate.waiting.append($0) }
                #expect(gate.isHome)
                return message
            }
            _ = channel.unary("/t/Async", [9], CallOptions()) { result in
                #expect(result == .success([9]))
                scene.finish()
            }
            scene.once({ !gate.waiting.isEmpty }) { gate.waiting.removeFirst().resume() }
        }
    }

    @Test(arguments: Carrier.allCases)
    func whatItThrowsIsTheStatus(carrier: Carrier) throws {
        struct Odd: Error {}
        try Scene.run(on: carrier) { scene in
            let channel = try Self.server(scene, Gate()) { _, message in
                if message.isEmpty { throw Odd() }
                throw RPCError(.aborted, "enough")
            }
            _ = channel.unary("/t/Async", [1], CallOptions()) { result in
                #expect(result == .failure(RPCError(.aborted, "enough")))
                _ = channel.unary("/t/Async", [], CallOptions()) { result in
                    #expect(result.code == .internal)
                    scene.finish()
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aCallerThatGoesAwayCancelsTheTask(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let gate = Gate()
            let channel = try Self.server(scene, gate) { gate, message in
                await withTaskCancellationHandler {
                    await withCheckedContinuation { gate.waiting.append($0) }
                } onCancel: {
                    gate.wasCancelled = true
                }
                gate.isDone = true
                return message
            }
            var end: StatusCode?
            let call = channel.unary("/t/Async", [1], CallOptions()) { end = $0.code }
            scene.once({ !gate.waiting.isEmpty }) {
                call.cancel()
                scene.once({ gate.wasCancelled && end != nil }) {
                    #expect(end == .cancelled)
                    gate.waiting.removeFirst().resume()
                    scene.once({ gate.isDone }, scene.finish)
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aTypedOneBuildsItsAnswerFromItsRequest(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let method = Method<Wire.ScanChunk, Wire.ScanChunk>("/t/Typed")
            let services = ServiceTable()
            let (transport, address) = try scene.serve(services)
            transport.core.post {
                services.asyncUnary(method, on: transport.core) { _, request in
                    await Task.yield()
                    let keys = request.keys
                    return { answer, arena in
                        answer.values = arena.bytes(
                            copying: UnsafeBufferPointer(start: keys.data, count: keys.len))
                    }
                }
            }
            scene.client.channel(to: address).unary(method) { request, arena in
                request.keys = arena.bytes(copying: [1, 2, 3] as [UInt8])
            } _: { result in
                let values = try? result.get().pointee.values.elements(of: UInt8.self)
                #expect(values.map { Array($0) } == [1, 2, 3])
                scene.finish()
            }
        }
    }
}
