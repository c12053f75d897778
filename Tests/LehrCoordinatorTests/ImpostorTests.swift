import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
import LehrRPC
import LehrWire
import Logging
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
            let core = VirtualCore(on: time)
            server = InMemoryTransport(name: "coordinator", core: core, network: network)
            var random = RandomSource(seed: 1)
            let logger = Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
            shell = try CoordinatorShell(
                core: core, store: MemoryStateStore(), terms: PlanFixture.terms,
                placer: EvenSplitPlacer(), random: &random, wallClock: { 5 }, logger: logger)
            let services = ServiceTable()
            CoordinatorHandler(shell) { text throws(CoordinatorRefusal) in
                PlanFixture.plan(name: text)
            }.register(in: services)
            services.authorizer = Authorizer(.certificates(cluster: "c"))
            _ = try server.listen(at: "coordinator:1", services)
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

        func incarnation(of name: String) -> UInt64 {
            shell.instance.leases.members.first { $0.name == name }?.incarnation.value ?? 0
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

    @Test func nobodyUsesAnothersLease() throws {
        let scene = try Scene()
        #expect(scene.join("w1", .worker, as: "w1", .worker) == nil)
        #expect(scene.join("w2", .worker, as: "w2", .worker) == nil)
        let lease = scene.incarnation(of: "w1")
        func codes(as name: String) -> [StatusCode?] {
            [
                scene.call(as: .worker, name, CoordinatorMethods.keepAlive) { request, _ in
                    request.incarnation = lease
                },
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
