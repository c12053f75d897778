import LehrCore
import LehrRPC
import LehrWire
import Testing

@testable import LehrHTTP2

/// Channels with several addresses, listed or behind a name.
@Suite struct AddressTests {
    /// Servers that answer with their number.
    private final class Fleet {
        private let scene: Scene
        private(set) var servers: [(transport: any Transport, address: String)] = []

        init(_ scene: Scene, _ count: Int) throws {
            self.scene = scene
            for _ in 0..<count { try start() }
        }

        @discardableResult
        func start(at address: String? = nil) throws -> String {
            let number = servers.count
            let services = ServiceTable()
            services.register(
                "/t/Who",
                .unary { _, _, responder in responder.succeed([UInt8(number)]) })
            let server = try scene.serve(services, at: address)
            servers.append(server)
            return server.address
        }

        var list: String { "static:" + servers.map(\.address).joined(separator: ",") }

        func hostPorts(_ numbers: Int...) -> [HostPort] {
            numbers.compactMap { try? HostPort(servers[$0].address) }
        }

        func stop(_ number: Int, _ then: @escaping () -> Void) {
            servers[number].transport.shutDown(grace: .zero, then)
        }
    }

    /// Makes calls one after another and hands over who answered; fails the test if one is not.
    private static func call(
        _ channel: any Channel, _ count: Int, into answers: [UInt8] = [],
        _ completion: @escaping ([UInt8]) -> Void
    ) {
        guard count > 0 else { return completion(answers) }
        _ = channel.unary("/t/Who", [], CallOptions()) { result in
            #expect(result.code == .ok)
            call(channel, count - 1, into: answers + ((try? result.get()) ?? []), completion)
        }
    }

    @Test func callsGoRoundTheAddressesAndADeadOneHurtsNone() throws {
        try Scene.run(on: .sockets) { scene in
            let fleet = try Fleet(scene, 3)
            let channel = scene.client.channel(to: fleet.list)
            Self.call(channel, 1) { _ in
                scene.once {
                    scene.counters.connectionsOpen == 3
                } _: {
                    Self.call(channel, 30) { answers in
                        #expect((0..<3).map { n in answers.count { $0 == n } } == [10, 10, 10])
                        fleet.stop(1) {
                            Self.call(channel, 30) { answers in
                                #expect(Set(answers) == [0, 2])
                                #expect(scene.counters.connectionsFailed > 0)
                                #expect(throws: Never.self) {
                                    try fleet.start(at: fleet.servers[1].address)
                                }
                                Self.callUntil(channel, 3, scene)
                            }
                        }
                    }
                }
            }
        }
    }

    /// Calls until server `number` has answered, then finishes.
    private static func callUntil(_ channel: any Channel, _ number: UInt8, _ scene: Scene) {
        call(channel, 1) { answers in
            if answers == [number] { return scene.finish() }
            scene.after(.milliseconds(2)) { callUntil(channel, number, scene) }
        }
    }

    @Test func callsThatAddressesWereAvoidedByGoElsewhere() throws {
        try Scene.run(on: .sockets) { scene in
            let fleet = try Fleet(scene, 3)
            let channel = scene.client.channel(to: fleet.list)
            var options = CallOptions()
            options.avoided = [fleet.servers[0].address, fleet.servers[2].address]
            var left = 20
            func next() {
                var call: (any Call)?
                call = channel.unary("/t/Who", [], options) { result in
                    #expect(result == .success([1]))
                    #expect(call?.address == fleet.servers[1].address)
                    left -= 1
                    if left > 0 { return next() }
                    // If there is no other, the avoided ones are better than none.
                    fleet.stop(1) {
                        _ = channel.unary("/t/Who", [], options) { result in
                            #expect(result.code == .ok)
                            scene.finish()
                        }
                    }
                }
            }
            Self.call(channel, 1) { _ in
                scene.once {
                    scene.counters.connectionsOpen == 3
                } _: {
                    next()
                }
            }
        }
    }

    @Test func pickFirstStaysWithOneWhileItLives() throws {
        var limits = RPCLimits()
        limits.balancing = .pickFirst
        try Scene.run(on: .sockets, limits: limits) { scene in
            let fleet = try Fleet(scene, 2)
            let channel = scene.client.channel(to: "static:127.0.0.1:1," + fleet.list.dropFirst(7))
            Self.call(channel, 20) { answers in
                #expect(Set(answers) == [0])
                #expect(scene.counters.connectionsMade == 1)
                fleet.stop(0) {
                    Self.call(channel, 20) { answers in
                        #expect(Set(answers) == [1])
                        scene.finish()
                    }
                }
            }
        }
    }

    @Test func aDeadListFailsAtOnceWhileItsBackOffLasts() throws {
        try Scene.run(on: .sockets) { scene in
            let channel = scene.client.channel(to: "static:127.0.0.1:1,127.0.0.1:2")
            _ = channel.unary("/t/Who", [], CallOptions()) { result in
                #expect(result.code == .unavailable)
                #expect(scene.counters.connectionsFailed == 2)
                let start = scene.core.now
                _ = channel.unary("/t/Who", [], CallOptions()) { result in
                    #expect(result.code == .unavailable)
                    #expect(scene.counters.connectionsFailed == 2)
                    // The shortest back-off is 50 ms.
                    #expect(scene.core.now - start < .milliseconds(40))
                    scene.finish()
                }
            }
        }
    }

    // MARK: Names

    /// What a name server of the test says, and how often it was asked.
    private final class Names {
        var result: Result<[HostPort], RPCError> = .success([])
        /// Never answers.
        var isSilent = false
        private(set) var askedCount = 0

        init(_ scene: Scene) {
            (scene.client as? HTTP2Transport)?.lookUp = {
                [unowned self, core = scene.core] name, completion in
                #expect(name == HostPort(host: "lehr.test", port: 7))
                askedCount += 1
                guard !isSilent else { return }
                let result = self.result
                core.post { completion(result) }
            }
        }
    }

    @Test func aNameThatMovesIsFollowedAfterAFailure() throws {
        var limits = RPCLimits()
        limits.lookUpIntervalMin = .milliseconds(20)
        try Scene.run(on: .sockets, limits: limits) { scene in
            let (fleet, names) = (try Fleet(scene, 2), Names(scene))
            names.result = .success(fleet.hostPorts(0))
            let channel = scene.client.channel(to: "dns:lehr.test:7")
            Self.call(channel, 10) { answers in
                #expect(Set(answers) == [0] && names.askedCount == 1)
                names.result = .success(fleet.hostPorts(1))
                fleet.stop(0) {
                    var options = CallOptions()
                    options.waitsForReady = true
                    _ = channel.unary("/t/Who", [], options) { result in
                        #expect(result == .success([1]))
                        #expect(names.askedCount >= 2)
                        withExtendedLifetime(names) { scene.finish() }
                    }
                }
            }
        }
    }

    @Test func aNameIsLookedUpAgainAndItsOldAddressesAreLeftWithoutLosingACall() throws {
        var limits = RPCLimits()
        limits.lookUpInterval = .milliseconds(20)
        try Scene.run(on: .sockets, limits: limits) { scene in
            let (fleet, names) = (try Fleet(scene, 3), Names(scene))
            let held = Held()
            let services = ServiceTable()
            services.register("/t/Slow", .unary { held.responders.append($2) })
            let slow = try scene.serve(services)
            names.result = .success([try HostPort(slow.address)])
            let channel = scene.client.channel(to: "dns:lehr.test:7")
            var hasEnded = false
            _ = channel.unary("/t/Slow", [], CallOptions()) { result in
                #expect(result == .success([5]))
                hasEnded = true
            }
            scene.once {
                !held.responders.isEmpty
            } _: {
                names.result = .success(fleet.hostPorts(1, 2))
                // The first call after the interval still goes to an old address: nobody waits for
                // a look-up while there are addresses.
                scene.after(.milliseconds(30)) {
                    _ = channel.unary("/t/Who", [], CallOptions()) { result in
                        #expect(result.code == .unimplemented)
                        #expect(names.askedCount == 2)
                        Self.call(channel, 1) { _ in
                            held.responders[0].succeed([5])
                            scene.once {
                                hasEnded && scene.counters.connectionsOpen == 2
                            } _: {
                                Self.call(channel, 10) { answers in
                                    #expect(Set(answers) == [1, 2])
                                    withExtendedLifetime(names) { scene.finish() }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: ["unknown", "empty", "silent"])
    func aNameWithoutAddressesFailsItsCallsInABoundedTime(how: String) throws {
        var limits = RPCLimits()
        limits.lookUpTimeout = .milliseconds(50)
        try Scene.run(on: .sockets, limits: limits) { scene in
            let names = Names(scene)
            names.isSilent = how == "silent"
            if how == "unknown" {
                names.result = .failure(RPCError(.unavailable, "cannot resolve it"))
            }
            let channel = scene.client.channel(to: "dns:lehr.test:7")
            let start = scene.core.now
            _ = channel.unary("/t/Who", [], CallOptions(timeout: nil)) { first in
                #expect(first.code == .unavailable)
                #expect(scene.core.now - start < .seconds(2))
                // No storm of look-ups.
                _ = channel.unary("/t/Who", [], CallOptions(timeout: nil)) { second in
                    #expect(second == first && names.askedCount == 1)
                    #expect(scene.counters.lookUpsDone == 0 && scene.counters.lookUpsFailed == 1)
                    withExtendedLifetime(names) { scene.finish() }
                }
            }
        }
    }

    @Test func theSystemsResolverIsAsked() throws {
        try Scene.run(on: .sockets) { scene in
            let fleet = try Fleet(scene, 1)
            let port = fleet.hostPorts(0)[0].port
            Self.call(scene.client.channel(to: "dns:localhost:\(port)"), 3) { answers in
                #expect(answers == [0, 0, 0])
                scene.finish()
            }
        }
    }
}
