import LehrCore
import LehrRPC
import LehrWire
import Testing

/// Calls are judged before their handlers run, the same on every transport.
@Suite struct AuthorizationConformanceTests {
    private final class OnePerson: TokenVerifier {
        func verify(_ token: String) -> TokenVerdict {
            token == "secret-1" ? .valid(name: "ann") : .refused("the token is not known here")
        }
    }

    private static let table = AuthorizationTable([
        "/t/Unary": .roles([.client]), "/t/Stream": .roles([.client]),
        "/t/Duplex": .roles([.client]), "/t/Open": .everybody,
    ])

    /// A server whose methods tell what they know of their caller.
    private static func serve(
        _ scene: Scene, _ authorizer: Authorizer, onCall: @escaping (CallContext) -> Void = { _ in }
    ) throws -> any Channel {
        let services = ServiceTable()
        for path in ["/t/Unary", "/t/Open", "/t/Unruled"] {
            services.register(
                path,
                .unary { context, _, responder in
                    onCall(context)
                    responder.succeed([])
                })
        }
        services.register(
            "/t/Stream",
            .serverStreaming { context, _, stream in
                onCall(context)
                stream.finish(nil)
            })
        services.register(
            "/t/Duplex",
            .bidirectional { context, stream in
                onCall(context)
                stream.finish(nil)
            })
        services.authorizer = authorizer
        return scene.client.channel(to: try scene.serve(services).address)
    }

    private static func bearer(_ token: String) -> CallOptions {
        CallOptions(metadata: Metadata([("authorization", "Bearer \(token)"), ("x-other", "1")]))
    }

    /// Calls every kind of method in turn and collects how they end.
    private static func callAll(
        _ channel: any Channel, _ options: CallOptions,
        _ completion: @escaping ([StatusCode]) -> Void
    ) {
        _ = channel.unary("/t/Unary", [1], options) { unary in
            _ = channel.serverStreaming("/t/Stream", [1], options) { _ in
            } onEnd: { stream in
                let duplex = channel.bidirectional("/t/Duplex", options) { _ in
                } onEnd: { duplex in
                    completion([unary.code, stream?.code ?? .ok, duplex?.code ?? .ok])
                }
                duplex.send([1])
                duplex.finishSending()
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func strangersReachNoHandler(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let authorizer = Authorizer(.tokensOnly, tokens: OnePerson(), table: Self.table)
            let channel = try Self.serve(scene, authorizer) { _ in
                Issue.record("a handler was reached")
            }
            Self.callAll(channel, CallOptions()) { codes in
                #expect(codes == [.unauthenticated, .unauthenticated, .unauthenticated])
                Self.callAll(channel, Self.bearer("secret-2")) { codes in
                    #expect(codes == [.unauthenticated, .unauthenticated, .unauthenticated])
                    _ = channel.unary("/t/Unruled", [], Self.bearer("secret-1")) { result in
                        #expect(result.code == .permissionDenied)
                        #expect(authorizer.counters.unauthenticated == 6)
                        #expect(authorizer.counters.forbidden == 1)
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test(arguments: Carrier.allCases)
    func handlersLearnWhoCallsAndNotByWhat(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            var seen: [PeerIdentity?] = []
            let authorizer = Authorizer(
                .certificates(cluster: "c"), tokens: OnePerson(), table: Self.table)
            let channel = try Self.serve(scene, authorizer) { context in
                seen.append(context.identity)
                #expect(context.metadata["authorization"] == nil)
                #expect(context.metadata["x-other"] == "1")
            }
            Self.callAll(channel, Self.bearer("secret-1")) { codes in
                #expect(codes == [.ok, .ok, .ok])
                let ann = PeerIdentity(cluster: "c", role: PeerRole.client, name: "ann")
                #expect(seen == [ann, ann, ann])
                _ = channel.unary("/t/Open", [], Self.bearer("wrong")) { result in
                    #expect(result.code == .ok)
                    #expect(seen.count == 4 && seen.last == .some(nil))
                    scene.finish()
                }
            }
        }
    }

    /// What is refused is refused at its head: its messages are not waited for.
    @Test(arguments: Carrier.allCases)
    func aRefusalDoesNotWaitForTheRequest(carrier: Carrier) throws {
        try Scene.run(on: carrier) { scene in
            let authorizer = Authorizer(.tokensOnly, tokens: OnePerson(), table: Self.table)
            let channel = try Self.serve(scene, authorizer)
            // Nothing is ever sent on it.
            let call = channel.bidirectional("/t/Unary", CallOptions()) { _ in
            } onEnd: { error in
                #expect(error?.code == .unauthenticated)
                scene.finish()
            }
            withExtendedLifetime(call) {}
        }
    }

    /// In memory a transport has the identity that a certificate gives on sockets.
    @Test func identitiesInMemory() throws {
        let time = VirtualTime()
        let network = InMemoryNetwork(on: time)
        let server = InMemoryTransport(
            name: "server", core: VirtualCore(on: time), network: network)
        let services = ServiceTable()
        var seen: [PeerIdentity?] = []
        services.register(
            "/t/Unary",
            .unary { context, _, responder in
                seen.append(context.identity)
                responder.succeed([])
            })
        services.authorizer = Authorizer(.certificates(cluster: "c"), table: Self.table)
        _ = try server.listen(at: "server:1", services)
        var codes: [StatusCode] = []
        let ann = PeerIdentity(cluster: "c", role: PeerRole.client, name: "ann")
        for identity in [ann, PeerIdentity(cluster: "c", role: PeerRole.worker, name: "w")] {
            let core = VirtualCore(on: time)
            let client = InMemoryTransport(
                name: "client", core: core, network: network, identity: identity)
            core.perform {
                _ = client.channel(to: "server:1").unary("/t/Unary", [], CallOptions()) {
                    codes.append($0.code)
                }
            }
            time.run(for: .seconds(1))
        }
        #expect(codes == [.ok, .permissionDenied])
        #expect(seen == [ann])
        time.forgetAll()
    }
}
