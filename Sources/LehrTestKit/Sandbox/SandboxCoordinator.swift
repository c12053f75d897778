package import LehrCoordinator
import LehrCore
import LehrMembership
import LehrPlacement
package import LehrRPC
import Logging

/// The coordinator as a simulated process.
package final class SandboxCoordinator {
    package let core: VirtualCore
    package let shell: CoordinatorShell
    let transport: InMemoryTransport

    /// Comes up at `address` with what `store` holds.
    init(
        at address: String, core: VirtualCore, network: InMemoryNetwork, store: any StateStore,
        files: any FileSystem, options: SandboxOptions, random: inout RandomSource,
        witness: CoordinatorWitness
    ) throws {
        self.core = core
        let time = network.time
        shell = try CoordinatorShell(
            core: core, store: store, terms: options.terms, placer: EvenSplitPlacer(),
            random: &random, wallClock: { time.now.nanoseconds / 1_000_000 },
            logger: options.logger, guards: options.guards)
        transport = InMemoryTransport(name: "coordinator", core: core, network: network)
        let services = ServiceTable()
        let planner = JobPlanner(files: files)
        CoordinatorHandler(shell) { spec throws(CoordinatorRefusal) in
            try planner.plan(spec)
        }.register(in: services)
        _ = try transport.listen(at: address, witness.watch(shell, services))
    }
}
