package import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
package import LehrWorker
import Logging

/// A worker as a simulated process.
package final class SandboxWorker {
    package let name: String
    package let core: VirtualCore
    package let agent: MembershipAgent
    package let shell: WorkerShell
    let transport: InMemoryTransport

    init(
        _ name: String, network: InMemoryNetwork, coordinator: String, files: any FileSystem,
        options: SandboxOptions, random: inout RandomSource
    ) {
        let core = VirtualCore(on: network.time, clock: options.clock(&random))
        let transport = InMemoryTransport(name: name, core: core, network: network)
        let agent = MembershipAgent(
            transport: transport, coordinator: coordinator,
            identity: .init(name: name, role: .worker, coreAddresses: [], httpAddress: ""),
            random: RandomSource(seed: random.next()), logger: options.logger,
            guards: options.guards)
        let shell = WorkerShell(
            transport: transport, coordinator: coordinator, agent: agent, files: files,
            blockCacheBytes: options.blockCacheBytes, random: &random, logger: options.logger)
        self.name = name
        self.core = core
        self.transport = transport
        self.agent = agent
        self.shell = shell
        core.perform {
            agent.onJoin = { [weak shell] _ in shell?.joined() }
            agent.start()
        }
    }

    /// As `kill -9`.
    package func kill() { core.kill() }
}
