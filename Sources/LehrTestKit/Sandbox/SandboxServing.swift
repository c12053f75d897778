package import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
import LehrServing
import LehrWeb
import Metrics

/// Serving as a simulated process: its place in the cluster, its watch of the model directory, and
/// all that answers a request, from the table of routes on; only the socket is left out.
package final class SandboxServing {
    package let name: String
    package let core: VirtualCore
    package let agent: MembershipAgent
    let transport: InMemoryTransport
    private let clock = SandboxClock()
    private let watcher: ModelWatcher
    private let table: RouteTable
    private let needsLease: Bool
    private var state = ModelWatcher.State()

    private static let interval = Duration.seconds(1)

    init(
        _ name: String, network: InMemoryNetwork, coordinator: String, files: any FileSystem,
        options: SandboxOptions, random: inout RandomSource
    ) {
        core = VirtualCore(on: network.time, clock: options.clock(&random))
        transport = InMemoryTransport(name: name, core: core, network: network)
        agent = MembershipAgent(
            transport: transport, coordinator: coordinator,
            identity: .init(
                name: name, role: .serving, coreAddresses: [], httpAddress: "\(name):8080"),
            random: RandomSource(seed: random.next()), logger: options.logger,
            guards: options.guards)
        let (catalog, metrics) = (ModelCatalog(), NOOPMetricsHandler.instance)
        watcher = ModelWatcher(
            directory: ModelDirectory(root: options.modelDirectory, files: files),
            catalog: catalog, metrics: metrics, clock: clock, wallClock: { 0 },
            logger: options.logger)
        table = RouteTable(
            ServingRoutes(catalog: catalog, metrics: metrics, clock: clock).routes)
        needsLease = options.servingNeedsLease
        self.name = name
        core.perform {
            agent.start()
            look()
        }
    }

    /// As `kill -9`.
    package func kill() { core.kill() }

    /// Looks at the model directory, now and again.
    private func look() {
        clock.set(core.now)
        watcher.poll(&state)
        _ = core.schedule(after: Self.interval) { [weak self] in self?.look() }
    }

    /// What its door answers now.
    func answer(_ request: WebRequest) -> WebResponse {
        clock.set(core.now)
        guard !needsLease || agent.lease != nil else { return .error(503, "there is no lease") }
        return table.respond(to: request).response
    }
}
