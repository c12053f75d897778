import CLehrWire
import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What a unary call does, the same on every transport.
@Suite struct UnaryConformanceTests {
    private static var echo: ServiceTable.Handler {
        .unary { _, message, responder in responder.succeed(message) }
    }

    @Test(arguments: Carrier.allCases, [0, 1, 64, 16_379, 16_384, 70_000, 4 << 20])
    func anAnswerComesBack(carrier: Carrier, size: Int) throws {
        try Scene.run(on: carrier) { scene in
            var random = RandomSource(seed: UInt64(size))
            let message = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let channel = try scene.channel("/t/Echo", Self.echo)
            var isInside = true
            _ = channel.unary("/t/Echo", message, CallOptions()) { result in
                #expect(!isInside)
                #expect(result == .success(message))
                scene.finish()
            }
            isInside = false
        }
    }

    @Test(arguments: Carrier.allCases)
    func everyStatusArrivesWithItsMessage(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Fail",
                .unary { _, message, responder in
                    let code = StatusCode(rawValue: Int(message[0])) ?? .ok
                    responder.fail(code, "100 % of \(code.name):\n\tgrün \u{1F980}")
                })
            let codes = StatusCode.allCases.filter { $0 != .ok }
            var seen = 0
            for code in codes {
                _ = channel.unary("/t/Fail", [UInt8(code.rawValue)], CallOptions()) { result in
                    #expect(
                        result
                            == .failure(
                                RPCError(code, "100 % of \(code.name):\n\tgrün \u{1F980}")))
                    seen += 1
                    if seen == codes.count { scene.finish() }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func theHandlerKnowsTheCall(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let metadata = Metadata([("x-run", "7"), ("x-run", "8"), ("token", "a b;c")])
            let core = scene.core
            let channel = try scene.channel(
                "/t/Know",
                .unary { context, _, responder in
                    #expect(context.method == "/t/Know")
                    #expect(context.metadata == metadata)
                    #expect(!context.peer.isEmpty)
                    let left = context.deadline.map { $0 - core.now } ?? .zero
                    #expect(left > .seconds(2) && left <= .seconds(3))
                    responder.succeed([])
                })
            let options = CallOptions(timeout: .seconds(3), metadata: metadata)
            _ = channel.unary("/t/Know", [1], options) { result in
                #expect(result == .success([]))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aCallWithoutATimeoutHasNoDeadline(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/M",
                .unary { context, _, responder in
                    #expect(context.deadline == nil)
                    responder.succeed([])
                })
            _ = channel.unary("/t/M", [], CallOptions(timeout: nil)) { result in
                #expect(result == .success([]))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func theDeadlineEndsACallOnBothSides(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            var cancelled = 0
            let channel = try scene.channel(
                "/t/Sleep",
                .unary { _, _, responder in
                    responder.onCancel = { cancelled += 1 }
                    held.responders.append(responder)
                })
            let start = scene.core.now
            _ = channel.unary("/t/Sleep", [], CallOptions(timeout: .milliseconds(200))) { result in
                #expect(result.code == .deadlineExceeded)
                #expect(scene.core.now - start >= .milliseconds(200))
                scene.once {
                    cancelled > 0
                } _: {
                    #expect(cancelled == 1)
                    #expect(held.responders.map(\.isOpen) == [false])
                    held.responders.first?.succeed([])
                    scene.finish()
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aTimeoutThatHasPassedEndsTheCall(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            _ = channel.unary("/t/Echo", [], CallOptions(timeout: .zero)) { result in
                #expect(result.code == .deadlineExceeded)
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func cancellingReachesTheHandler(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            var cancelled = 0
            var call: (any Call)?
            let channel = try scene.channel(
                "/t/Sleep",
                .unary { _, _, responder in
                    held.responders.append(responder)
                    responder.onCancel = { cancelled += 1 }
                    scene.after(.zero) { call?.cancel() }
                })
            var ends: [StatusCode] = []
            call = channel.unary("/t/Sleep", [], CallOptions()) { ends.append($0.code) }
            scene.once {
                cancelled == 1 && ends == [.cancelled]
            } _: {
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func cancellingAtOnceEndsTheCallOutsideOfCancel(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            var isInside = true
            let call = channel.unary("/t/Echo", [], CallOptions()) { result in
                #expect(!isInside)
                #expect(result.code == .cancelled)
                scene.after(.milliseconds(20)) { scene.finish() }
            }
            call.cancel()
            call.cancel()
            isInside = false
        }
    }

    @Test(arguments: Carrier.allCases)
    func anUnknownMethodIsUnimplemented(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo)
            _ = channel.unary("/t/Nothing", [1, 2], CallOptions()) { result in
                #expect(result == .failure(.unknownMethod("/t/Nothing")))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aHandlerThatLetsGoHasFailed(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Forget", .unary { _, _, _ in })
            _ = channel.unary("/t/Forget", [], CallOptions(timeout: nil)) { result in
                #expect(result == .failure(.abandoned))
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func messagesOverTheLimitAreRefused(carrier: Carrier) throws {
        var small = RPCLimits()
        small.messageBytesMax = 1000
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", Self.echo, limits: small)
            _ = channel.unary("/t/Echo", [UInt8](repeating: 1, count: 200_000), CallOptions()) {
                #expect($0.code == .resourceExhausted)
                _ = channel.unary("/t/Echo", [UInt8](repeating: 1, count: 1000), CallOptions()) {
                    #expect($0.code == .ok)
                    scene.finish()
                }
            }
        }
        try Scene.run(on: carrier, limits: small) { scene in
            let channel = try scene.channel(
                "/t/Grow",
                .unary { _, message, responder in
                    responder.succeed([UInt8](repeating: 0, count: 1000 + Int(message[0])))
                })
            _ = channel.unary("/t/Grow", [1], CallOptions()) {
                #expect($0.code == .resourceExhausted)
                _ = channel.unary("/t/Grow", [0], CallOptions()) {
                    #expect($0.code == .ok)
                    scene.finish()
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aThousandCallsAtOnce(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let held = Held()
            let channel = try scene.channel(
                "/t/Many",
                .unary { _, message, responder in
                    held.responders.append(responder)
                    guard held.responders.count == 1000 else { return }
                    // The last call is answered first.
                    for responder in held.responders.reversed() { responder.succeed(message) }
                })
            var seen = 0
            for index in 0..<1000 {
                let message = [UInt8](repeating: UInt8(index & 255), count: index)
                _ = channel.unary("/t/Many", message, CallOptions()) { result in
                    #expect(result.code == .ok)
                    seen += 1
                    if seen == 1000 { scene.finish() }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func typedMessagesGoBothWays(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let services = ServiceTable()
            services.unary(CoordinatorMethods.join) { _, request, responder in
                let cluster = request.cluster_id
                responder.succeed { answer, _ in answer.incarnation = cluster + 1 }
            }
            let channel = scene.client.channel(to: try scene.serve(services).address)
            channel.unary(CoordinatorMethods.join) { request, arena in
                request.name = arena.string("shard-0")
                request.cluster_id = 41
            } _: { result in
                #expect((try? result.get().pointee.incarnation) == 42)
                let path = CoordinatorMethods.join.path
                _ = channel.unary(path, [0xFF, 0xFF], CallOptions()) { result in
                    #expect(result.code == .invalidArgument)
                    scene.finish()
                }
            }
        }
    }
}
