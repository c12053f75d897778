package import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
package import LehrShard
import Logging

/// A shard as a simulated process: as many cores as it has, each with tables and an address of its
/// own.
package final class SandboxShard {
    package let name: String
    package let cores: [VirtualCore]
    package let shards: [ShardCore]
    package let handlers: [ShardHandler]
    package let addresses: [String]
    package let agent: MembershipAgent
    let transports: [InMemoryTransport]

    init(
        _ name: String, network: InMemoryNetwork, coordinator: String, options: SandboxOptions,
        random: inout RandomSource, witness: ShardWitness
    ) throws {
        let clock = options.clock(&random)
        let cores = (0..<options.coresPerShard).map {
            VirtualCore(index: $0, on: network.time, clock: clock)
        }
        let transports = cores.map { core in
            InMemoryTransport(
                name: "\(name)/\(core.index)", core: core, network: network, limits: Self.limits)
        }
        let shards = cores.indices.map {
            ShardCore(index: UInt32($0), movedRows: Self.movedRows, guards: options.guards)
        }
        handlers = zip(shards, cores).map { ShardHandler($0, core: $1) }
        var addresses: [String] = []
        for (transport, (handler, shard)) in zip(transports, zip(handlers, shards)) {
            let services = ServiceTable()
            handler.register(in: services)
            addresses.append(
                try transport.listen(
                    at: "\(name):\(7200 + addresses.count)",
                    witness.watch(shard, named: name, services)))
        }
        var endpoints: [ShardShell.Endpoint] = []
        for (core, (shard, transport)) in zip(cores, zip(shards, transports)) {
            core.perform {
                let mover = PartitionMover(
                    shard, transport: transport, coordinator: coordinator,
                    random: RandomSource(
                        seed: options.seed, path: Self.moverStream, UInt64(core.index)),
                    logger: options.logger)
                endpoints.append(
                    ShardShell.Endpoint(
                        mailbox: core.mailbox, shard: Confined(shard, to: core),
                        mover: Confined(mover, to: core)))
            }
        }
        let agent = MembershipAgent(
            transport: transports[0], coordinator: coordinator,
            identity: .init(name: name, role: .shard, coreAddresses: addresses, httpAddress: ""),
            random: RandomSource(seed: random.next()), logger: options.logger,
            guards: options.guards)
        self.name = name
        self.cores = cores
        self.transports = transports
        self.shards = shards
        self.addresses = addresses
        self.agent = agent
        cores[0].perform {
            ShardShell(endpoints, core: cores[0], logger: options.logger).follow(agent)
            agent.start()
        }
    }

    /// So few that a partition comes in many pieces, each of which is waited for: rows change meanwhile.
    private static let movedRows = 4
    private static let limits: RPCLimits = {
        var limits = RPCLimits()
        limits.streamQueueBytes = 1
        return limits
    }()

    /// The purpose "a core's mover" of the sandbox's seed.
    private static let moverStream: UInt64 = 0x4D

    package var isAlive: Bool { cores.allSatisfy(\.isAlive) }

    /// As SIGTERM, until the process has left the cluster and waits for its calls to end.
    package func stop() {
        cores[0].perform { agent.stop {} }
    }

    /// As `kill -9`.
    package func kill() {
        for core in cores { core.kill() }
    }
}
