import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrReactor
import LehrWeb
import LehrWorker
import Logging
import Synchronization

/// A worker as a process: one core that reads, computes, pulls and pushes.
final class WorkerRole: NodeRole {
    let fatal: FatalSignal
    private let config: WorkerConfig
    private let member: MemberHost
    private let door: HTTPDoor
    private let metrics: NodeMetrics
    private let security: CoreSecurity?
    private let logger: Logger
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var host: CoreHost
        var agent: Confined<MembershipAgent>?
        var shell: Confined<WorkerShell>?
    }

    init(
        _ config: WorkerConfig, member: MemberHost, door: HTTPDoor, metrics: NodeMetrics,
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
        let host = try await CoreHost.start(
            name: "lehr-core-0",
            plan: .make(config.common.poll, reactors: 1, logger: logger), security: security,
            logger: logger)
        running.withLock { $0 = Running(host: host) }
        let (config, member, metrics, logger) = (config, member, metrics, logger)
        let (agent, shell) = try await host.run { transport in
            let agent = member.makeAgent(transport, coreAddresses: [], httpAddress: http)
            var random = RandomSource(seed: .random(in: .min ... .max))
            let shell = WorkerShell(
                transport: transport, coordinator: member.config.coordinator, agent: agent,
                files: LocalFileSystem(), blockCacheBytes: config.blockCacheBytes,
                random: &random, logger: logger)
            metrics.follow(transport)
            metrics.follow(shell, on: transport.core)
            member.start(agent) { shell.joined() }
            return (Confined(agent, to: transport.core), Confined(shell, to: transport.core))
        }
        running.withLock {
            $0?.agent = agent
            $0?.shell = shell
        }
        logger.notice(
            "ready", metadata: ["http": "\(http)", "member": "\(member.identity.name)"])
    }

    func stop() async {
        member.status.readiness = .notReady(reason: "stopping")
        guard let running = running.withLock({ $0 }) else { return }
        if let shell = running.shell {
            _ = try? await running.host.run { _ in shell.withValue { $0.stop() } }
        }
        if let agent = running.agent { await MemberHost.leave(running.host, agent) }
        await running.host.shutDown(grace: .zero)
    }
}
