import LehrCore
import LehrRPC
import LehrWire
import Testing

/// What travels with a call besides its messages, the same on every transport.
@Suite struct MetadataConformanceTests {
    private static var sent: ResponseMetadata {
        var metadata = ResponseMetadata()
        metadata.initial = Metadata([("x-first", "1"), ("x-first", "2")])
        metadata.initial.appendBinary("x-first-bin", [0, 255, 10])
        metadata.trailing = Metadata([("x-last", "3")])
        metadata.trailing.appendBinary("x-last-bin", [13, 10, 0])
        return metadata
    }

    /// How a handler of the test ends its call, and with how many messages before.
    private static let ends: [(messages: Int, error: RPCError?)] = [
        (1, nil), (0, RPCError(.aborted, "no")), (2, nil), (2, RPCError(.aborted, "no")), (0, nil),
    ]

    @Test(arguments: Carrier.allCases, [0, 1])
    func unaryAnswersHaveMetadata(carrier: Carrier, end: Int) throws {
        try Scene.run(on: carrier) { scene in
            let error = Self.ends[end].error
            let channel = try scene.channel(
                "/t/Tell",
                .unary { _, _, responder in
                    responder.metadata = Self.sent
                    responder.finish(error.map { .failure($0) } ?? .success([1]))
                })
            var call: (any Call)?
            call = channel.unary("/t/Tell", [], CallOptions()) { result in
                #expect(result == (error.map { .failure($0) } ?? .success([1])))
                #expect(call?.initialMetadata == Self.sent.initial)
                #expect(call?.trailingMetadata == Self.sent.trailing)
                #expect(call?.trailingMetadata.binary("x-last-bin") == [[13, 10, 0]])
                scene.finish()
            }
            #expect(call?.initialMetadata.isEmpty == true)
        }
    }

    @Test(arguments: Carrier.allCases, 0..<5)
    func streamsHaveMetadata(carrier: Carrier, end: Int) throws {
        try Scene.run(on: carrier) { scene in
            let (messages, error) = Self.ends[end]
            let channel = try scene.channel(
                "/t/Tell",
                .bidirectional { _, stream in
                    stream.metadata.initial = Self.sent.initial
                    for _ in 0..<messages { stream.send([1]) }
                    stream.metadata.trailing = Self.sent.trailing
                    stream.finish(error)
                })
            var call: (any ClientStream)?
            call = channel.bidirectional("/t/Tell", CallOptions()) { _ in
                #expect(call?.initialMetadata == Self.sent.initial)
            } onEnd: {
                #expect($0 == error)
                #expect(call?.initialMetadata == Self.sent.initial)
                #expect(call?.trailingMetadata == Self.sent.trailing)
                scene.finish()
            }
            call?.request(messages)
        }
    }

    @Test(arguments: Carrier.allCases)
    func trailingMetadataComesWithAnImmediateError(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Tell",
                .unary { _, _, responder in
                    responder.metadata.trailing = Self.sent.trailing
                    responder.fail(.dataLoss, "no")
                })
            var call: (any Call)?
            call = channel.unary("/t/Tell", [], CallOptions()) { result in
                #expect(result.code == .dataLoss)
                #expect(call?.initialMetadata.isEmpty == true)
                #expect(call?.trailingMetadata == Self.sent.trailing)
                scene.finish()
            }
        }
    }

    @Test(arguments: Carrier.allCases, ["A", "grpc-status", ":status", "a\nb"])
    func forbiddenMetadataOfAHandlerIsItsError(carrier: Carrier, name: String) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel(
                "/t/Tell",
                .unary { _, message, responder in
                    if message == [0] {
                        responder.metadata.initial = Metadata([(name, "1")])
                    } else {
                        responder.metadata.trailing = Metadata([(name, "1")])
                    }
                    responder.succeed([])
                })
            _ = channel.unary("/t/Tell", [0], CallOptions()) { result in
                #expect(result == .failure(.forbiddenAnswerMetadata(name)))
                _ = channel.unary("/t/Tell", [1], CallOptions()) { result in
                    #expect(result == .failure(.forbiddenAnswerMetadata(name)))
                    scene.finish()
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func forbiddenMetadataOfACallerIsRefused(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let channel = try scene.channel("/t/Echo", .unary { $2.succeed($1) })
            let bad = [
                ("X-Upper", "1"), (":path", "/"), ("x", "a\nb"), ("grpc-status", "0"), ("", ""),
            ]
            var seen = 0
            for entry in bad {
                let options = CallOptions(metadata: Metadata([entry]))
                _ = channel.unary("/t/Echo", [], options) { result in
                    #expect(result == .failure(.forbiddenMetadata(entry.0)))
                    seen += 1
                    if seen == bad.count { scene.finish() }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func aTraceIsCarriedThroughAHandler(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            let core = scene.core
            let inner = try scene.channel(
                "/t/Inner",
                .unary { context, _, responder in
                    #expect(context.metadata["traceparent"] == parent)
                    #expect(context.deadline.map { $0 - core.now <= .seconds(3) } == true)
                    responder.succeed([])
                })
            let outer = try scene.channel(
                "/t/Outer",
                .unary { context, message, responder in
                    let options = CallOptions(continuing: context, at: core.now)
                    _ = inner.unary("/t/Inner", message, options) { responder.finish($0) }
                })
            let options = CallOptions(
                timeout: .seconds(3), metadata: Metadata([("traceparent", parent)]))
            _ = outer.unary("/t/Outer", [], options) { result in
                #expect(result == .success([]))
                scene.finish()
            }
        }
    }
}
