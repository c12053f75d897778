import LehrCoordinator
import LehrCore
import LehrPlacement
import LehrRPC
import Logging

extension PlanFixture {
    /// A coordinator that answers at `coordinator:1` of a simulated network.
    static func serve(
        on core: VirtualCore, _ network: InMemoryNetwork, _ store: MemoryStateStore,
        authorizer: Authorizer? = nil
    ) throws -> (CoordinatorShell, InMemoryTransport) {
        let server = InMemoryTransport(name: "coordinator", core: core, network: network)
        var random = RandomSource(seed: 1)
        let shell = try CoordinatorShell(
            core: core, store: store, terms: terms, placer: EvenSplitPlacer(), random: &random,
            wallClock: { 5 }, logger: Logger(label: "t", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let services = ServiceTable()
        CoordinatorHandler(shell) { text throws(CoordinatorRefusal) in
            plan(name: text)
        }.register(in: services)
        if let authorizer { services.authorizer = authorizer }
        _ = try server.listen(at: "coordinator:1", services)
        return (shell, server)
    }
}
