import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrWire
import Testing

/// The watch of the map as those who call it see it, across a restart of the coordinator.
@Suite struct MapWatchTests {
    private final class Scene {
        private(set) var shell: CoordinatorShell
        private let time = VirtualTime()
        private var core: VirtualCore
        private let network: InMemoryNetwork
        private let store = MemoryStateStore()
        private let client: InMemoryTransport
        private var server: InMemoryTransport

        init() throws {
            network = InMemoryNetwork(on: time)
            client = InMemoryTransport(
                name: "client", core: VirtualCore(on: time), network: network)
            core = VirtualCore(on: time)
            (shell, server) = try PlanFixture.serve(on: core, network, store)
        }

        deinit { time.forgetAll() }

        func restart() throws {
            core.kill()
            core = VirtualCore(on: time)
            (shell, server) = try PlanFixture.serve(on: core, network, store)
        }

        func join(_ name: String) throws(CoordinatorRefusal) {
            _ = try shell.decide { instance throws(CoordinatorRefusal) in
                try instance.join(
                    PlanFixture.join(name, .worker), now: time.now, unixMilliseconds: 0)
            }
            time.run(for: .seconds(1))
        }

        /// Watches a second long, from a version of a map of a cluster; the bases of what comes.
        func bases(known: UInt64, of cluster: UInt64) -> [UInt64] {
            var bases: [UInt64] = []
            client.core.post { [self] in
                client.channel(to: "coordinator:1").serverStreaming(
                    CoordinatorMethods.watchClusterMap
                ) { request, _ in
                    (request.changes, request.known_version) = (1, known)
                    request.cluster_id = cluster
                } onMessage: {
                    bases.append($0.pointee.base_version)
                } onEnd: { _ in
                }
            }
            time.run(for: .seconds(1))
            return bases
        }
    }

    @Test func aVersionCountsOnlyInItsCluster() throws {
        let scene = try Scene()
        for name in ["a", "b", "c"] { try scene.join(name) }
        let map = scene.shell.instance.map
        let cluster = map.cluster.value
        #expect(scene.bases(known: map.version, of: cluster) == [map.version])
        #expect(scene.bases(known: map.version - 1, of: cluster) == [map.version - 1])
        #expect(scene.bases(known: 0, of: cluster) == [0])
        #expect(scene.bases(known: map.version, of: cluster + 1) == [0])
        #expect(scene.bases(known: map.version, of: 0) == [0])
        #expect(scene.bases(known: map.version + 1, of: cluster) == [0])
        try scene.restart()
        #expect(scene.shell.instance.map == map)
        #expect(scene.bases(known: map.version, of: cluster) == [map.version])
        #expect(scene.bases(known: map.version - 1, of: cluster) == [0], "the journal is new")
    }
}
