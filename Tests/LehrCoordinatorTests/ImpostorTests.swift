import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire
import Testing

/// A member speaks for itself: its certificate must be of the name and role that it says.
@Suite struct ImpostorTests {
    private final class Scene {
        let time = VirtualTime()
        let network: InMemoryNetwork
        let server: InMemoryTransport
        let shell: CoordinatorShell

        init() throws {
            network = InMemoryNetwork(on: time)
            (shell, server) = try PlanFixture.serve(
                on: VirtualCore(on: time), network, MemoryStateStore(),
                authorizer: Authorizer(.certificates(cluster: "c")))
        }

        deinit { time.forgetAll() }

        /// Makes a call as the holder of a certificate; the status, and what `read` makes of it.
        func call<Q, P>(
            as role: PeerRole, _ name: String, _ method: Method<Q, P>,
            _ fill: (inout Q, WireArena) -> Void, read: @escaping (P) -> Void = { _ in }
        ) -> RPCError? {
            let core = VirtualCore(on: time)
            let client = InMemoryTransport(
                name: "client", core: core, network: network,
                identity: PeerIdentity(cluster: "c", role: role, name: name))
            var outcome: Result<Void, RPCError>?
            core.perform {
                client.channel(to: "coordinator:1").unary(method, CallOptions(), fill) { result in
                    outcome = result.map { read($0.pointee) }
                }
            }
            time.run(for: .seconds(1))
            guard case .failure(let error) = outcome else {
                #expect(outcome != nil)
                return nil
            }
            return error
        }

        /// Joins under `name` with a certificate of `holder`.
        func join(_ name: String, _ role: Role, as holder: String, _ peer: PeerRole) -> RPCError? {
            call(as: peer, holder, CoordinatorMethods.join) { request, arena in
                request.name = arena.string(name)
                request.role = .init(rawValue: UInt32(role.wire))
                (request.n_core_addresses, request.core_addresses) = arena.strings(["a:1"])
            }
        }

        /// A stream of renewals of the holder of a certificate.
        func openRenewals(as role: PeerRole, _ name: String) -> Renewals {
            Renewals(
                InMemoryTransport(
                    name: "client", core: VirtualCore(on: time), network: network,
                    identity: PeerIdentity(cluster: "c", role: role, name: name)), time)
        }

        func renew(_ lives: [UInt64], as role: PeerRole, _ name: String) -> RPCError? {
            let renewals = openRenewals(as: role, name)
            renewals.send(lives)
            return renewals.error
        }

        func incarnation(of name: String) -> UInt64 {
            shell.instance.leases.members.first { $0.name == name }?.incarnation.value ?? 0
        }
    }

    private final class Renewals {
        private let client: InMemoryTransport
        private let time: VirtualTime
        private var stream: RequestStream<Wire.KeepAliveRequest>?
        /// What each answer says has ended.
        private(set) var ended: [[UInt64]] = []
        private(set) var error: RPCError?

        init(_ client: InMemoryTransport, _ time: VirtualTime) {
            self.client = client
            self.time = time
            client.core.post { [self] in
                let channel = client.channel(to: "coordinator:1")
                stream = channel.bidirectional(CoordinatorMethods.keepAlive) { [weak self] answer in
                    let answer = answer.pointee
                    self?.ended.append(
                        Array(UnsafeBufferPointer(start: answer.ended, count: answer.n_ended)))
                } onEnd: { [weak self] in
                    self?.error = $0
                }
                stream?.untyped.request(100)
            }
        }

        func send(_ lives: [UInt64]) {
            client.core.post { [self] in
                stream?.send { request, arena in
                    (request.n_incarnations, request.incarnations) = arena.numbers(lives)
                }
            }
            time.run(for: .seconds(1))
        }
    }

    @Test func nobodyJoinsUnderAnothersName() throws {
        let scene = try Scene()
        #expect(scene.join("shard-0", .shard, as: "shard-0", .shard) == nil)
        let mine = scene.incarnation(of: "shard-0")
        for (holder, peer) in [("shard-1", PeerRole.shard), ("shard-0", .worker)] {
            let error = scene.join("shard-0", .shard, as: holder, peer)
            #expect(error?.code == .permissionDenied)
            #expect(error?.message.contains("may not speak as shard 'shard-0'") == true)
        }
        #expect(scene.join("shard-0", .worker, as: "shard-0", .shard)?.code == .permissionDenied)
        #expect(scene.incarnation(of: "shard-0") == mine, "the lease stays where it was")
        #expect(scene.shell.instance.leases.members.count == 1)
    }

    /// Each message of a stream is looked at, not only the first.
    @Test func nobodyRenewsAnothersLeaseInTheMiddleOfAStream() throws {
        let scene = try Scene()
        #expect(scene.join("w1", .worker, as: "w1", .worker) == nil)
        #expect(scene.join("w2", .worker, as: "w2", .worker) == nil)
        let (mine, other) = (scene.incarnation(of: "w2"), scene.incarnation(of: "w1"))
        let renewals = scene.openRenewals(as: .worker, "w2")
        renewals.send([mine])
        renewals.send([99])
        #expect(renewals.ended == [[], [99]] && renewals.error == nil)
        renewals.send([mine, other])
        #expect(renewals.ended.count == 2 && renewals.error?.code == .permissionDenied)
        let next = scene.openRenewals(as: .worker, "w2")
        next.send([])
        #expect(next.error?.code == .invalidArgument)
        let many = scene.openRenewals(as: .worker, "w2")
        many.send(Array(repeating: mine, count: 257))
        #expect(many.error?.code == .invalidArgument)
        #expect(many.error?.message.contains("1 to 256") == true)
    }

    @Test func nobodyUsesAnothersLease() throws {
        let scene = try Scene()
        #expect(scene.join("w1", .worker, as: "w1", .worker) == nil)
        #expect(scene.join("w2", .worker, as: "w2", .worker) == nil)
        let lease = scene.incarnation(of: "w1")
        func codes(as name: String) -> [StatusCode?] {
            [
                scene.renew([lease], as: .worker, name),
                scene.call(as: .worker, name, CoordinatorMethods.acquireTask) { request, _ in
                    request.incarnation = lease
                },
                scene.call(as: .worker, name, CoordinatorMethods.reportTask) { request, _ in
                    request.incarnation = lease
                    request.kind = .init(rawValue: 1)
                },
                scene.call(as: .worker, name, CoordinatorMethods.leave) { request, _ in
                    request.incarnation = lease
                },
            ].map { $0?.code }
        }
        #expect(codes(as: "w2") == [StatusCode?](repeating: .permissionDenied, count: 4))
        #expect(scene.incarnation(of: "w1") == lease)
        let own = codes(as: "w1")
        #expect(!own.contains(.permissionDenied))
        #expect(own[0] == nil && own[3] == nil)
        #expect(scene.incarnation(of: "w1") == 0, "it has left")
    }
}
