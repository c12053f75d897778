import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrReactor
import LehrShard
import LehrTable
import LehrWeb
import Logging
import Synchronization

/// A shard as a process: a core, a listener and a set of tables for each `--cores`.
final class ShardRole: NodeRole {
    let fatal: FatalSignal
    private let config: ShardConfig
    private let member: MemberHost
    private let door: HTTPDoor
    private let metrics: NodeMetrics
    private let security: CoreSecurity?
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var hosts: [CoreHost]
        let preparer: PagePreparer
        var agent: Confined<MembershipAgent>?
    }

    init(
        _ config: ShardConfig, member: MemberHost, door: HTTPDoor, metrics: NodeMetrics,
        security: CoreSecurity?, logger: Logger
    ) {
        self.security = security
        self.config = config
        self.member = member
        self.door = door
        self.metrics = metrics
        self.logger = logger
        fatal = member.fatal
    }

    func start() async throws {
        let http = try await door.address()
        var hosts: [CoreHost] = []
        var endpoints: [ShardShell.Endpoint] = []
        var addresses: [String] = []
        let preparer = PagePreparer()
        warnOfTooManyCores()
        let plan = PollPlan.make(config.common.poll, reactors: config.cores, logger: logger)
        for index in 0..<config.cores {
            let host = try await CoreHost.start(
                index: index, name: "lehr-core-\(index)", plan: plan, security: security,
                logger: logger)
            hosts.append(host)
            running.withLock { $0 = Running(hosts: hosts, preparer: preparer) }
            let (endpoint, address) = try await open(host, index, preparer)
            endpoints.append(endpoint)
            addresses.append(address)
        }
        let (member, logger) = (member, logger)
        let agent = try await hosts[0].run { [endpoints, addresses] transport in
            let agent = member.makeAgent(transport, coreAddresses: addresses, httpAddress: http)
            // The agent's hooks keep the shell.
            let shell = ShardShell(endpoints, core: transport.core, logger: logger)
            shell.onDrained = { [fatal = member.fatal] in
                logger.notice("drained, nothing is left here")
                fatal.finish()
            }
            shell.follow(agent)
            member.start(agent)
            return Confined(agent, to: transport.core)
        }
        running.withLock { $0?.agent = agent }
        logger.notice(
            "ready",
            metadata: [
                "grpc": "\(addresses.joined(separator: ","))", "http": "\(http)",
                "member": "\(member.identity.name)",
                "table-memory": "\(Formatting.bytes(UInt64(config.tableMemoryBytes)))",
            ])
    }

    private func warnOfTooManyCores() {
        guard let processors = ProcessorShare.current().wholeProcessors,
            processors < config.cores
        else { return }
        logger.warning(
            "there are more cores than processors, and they will wait for each other",
            metadata: ["cores": "\(config.cores)", "processors": "\(processors)"])
    }

    /// Huge pages that are kept touched ahead for each core, where its share has many.
    private static let preparedPages = 4

    private func open(
        _ host: CoreHost, _ index: Int, _ preparer: PagePreparer
    ) async throws -> (ShardShell.Endpoint, String) {
        let listen = config.common.listen.port(plus: index)
        let byteLimit = config.tableMemoryBytesPerCore
        let (metrics, coordinator, logger) = (metrics, member.config.coordinator, logger)
        let mailbox = host.mailbox
        let access = AccessControl(cluster: security?.cluster, tokens: "", logger: logger)
        return try await host.run { transport in
            let pool = BlockPool(
                byteLimit: byteLimit,
                preparedPages: min(Self.preparedPages, byteLimit / BlockPool.page / 4))
            preparer.serve(pool)
            let shard = ShardCore(index: UInt32(index), pool: pool)
            let services = ServiceTable()
            let handler = ShardHandler(shard, core: transport.core, limits: transport.limits)
            handler.register(in: services)
            try CoordinatorRole.addStandardServices(to: services, of: transport)
            if let authorizer = try access.guardCalls(of: services, on: transport.core) {
                metrics.follow(authorizer, on: transport.core)
            }
            let address = try CoordinatorRole.listen(transport, listen, services)
            metrics.follow(transport)
            metrics.follow(handler, shard, on: transport.core)
            let mover = PartitionMover(
                shard, transport: transport, coordinator: coordinator,
                random: RandomSource(seed: .random(in: .min ... .max)), logger: logger)
            let endpoint = ShardShell.Endpoint(
                mailbox: mailbox, shard: Confined(shard, to: transport.core),
                mover: Confined(mover, to: transport.core))
            return (endpoint, address)
        }
    }

    var lastWork: Duration { config.handOver }

    func stop() async {
        member.status.readiness = .notReady(reason: "stopping")
        guard let running = running.withLock({ $0 }) else { return }
        await handOver(running)
        if let agent = running.agent { await MemberHost.leave(running.hosts[0], agent) }
        let drain = config.common.drain
        await withTaskGroup(of: Void.self) { group in
            for host in running.hosts {
                group.addTask { await host.shutDown(grace: drain) }
            }
        }
        running.preparer.stop()
    }

    /// Who has no lease has nothing, though another process of its name may.
    private func handOver(_ running: Running) async {
        guard config.handOver > .zero, let agent = running.agent,
            let lease = try? await running.hosts[0].run({ _ in agent.withValue { $0.lease } })
        else { return }
        await HandOver(
            name: member.identity.name, life: lease.incarnation,
            coordinator: member.config.coordinator, limit: config.handOver, logger: logger
        ).run(on: running.hosts[0])
    }
}
