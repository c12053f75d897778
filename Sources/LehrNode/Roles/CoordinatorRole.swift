import LehrCoordinator
import LehrCore
import LehrHTTP2
import LehrPlacement
import LehrRPC
import LehrReactor
import LehrWeb
import Logging
import Synchronization

/// The coordinator as a process: one core, its state in SQLite.
final class CoordinatorRole: NodeRole {
    let fatal = FatalSignal()
    private let config: CoordinatorConfig
    private let door: HTTPDoor
    private let status: RoleStatus
    private let metrics: NodeMetrics
    private let security: CoreSecurity?
    private let logger: Logger
    private let host = Mutex<CoreHost?>(nil)

    init(
        _ config: CoordinatorConfig, door: HTTPDoor, status: RoleStatus, metrics: NodeMetrics,
        security: CoreSecurity?, logger: Logger
    ) {
        self.security = security
        self.config = config
        self.door = door
        self.status = status
        self.metrics = metrics
        self.logger = logger
    }

    func start() async throws {
        let http = try await door.address()
        let allowance = ConnectionAllowance(descriptors: DescriptorLimit.raise())
        if let advice = allowance.advice { logger.info("\(advice)") }
        let host = try await CoreHost.start(
            name: "lehr-core-0",
            plan: .make(config.common.poll, reactors: 1, logger: logger),
            limits: allowance.limits, security: security, logger: logger)
        self.host.withLock { $0 = host }
        let (config, fatal, metrics, logger) = (config, fatal, metrics, logger)
        let access = AccessControl(
            cluster: security?.cluster, tokens: config.tokens, logger: logger)
        try access.check(listen: config.common.listen)
        let address = try await host.run { transport in
            let shell = try Self.makeShell(config, transport.core, fatal, logger)
            let services = ServiceTable()
            let planner = JobPlanner(files: LocalFileSystem())
            CoordinatorHandler(shell) { spec throws(CoordinatorRefusal) in
                try planner.plan(spec)
            }.register(in: services)
            try Self.addStandardServices(to: services, of: transport)
            transport.atShutDown { shell.stopWaiting() }
            if let authorizer = try access.guardCalls(of: services, on: transport.core) {
                metrics.follow(authorizer, on: transport.core)
            }
            let address = try Self.listen(transport, config.common.listen, services)
            shell.onChange = { metrics.observe($0) }
            metrics.observe(shell.instance)
            metrics.follow(transport)
            return address
        }
        status.readiness = .ready
        logger.notice("ready", metadata: ["grpc": "\(address)", "http": "\(http)"])
    }

    private static func makeShell(
        _ config: CoordinatorConfig, _ core: any Core, _ fatal: FatalSignal, _ logger: Logger
    ) throws(FatalError) -> CoordinatorShell {
        do {
            try LocalFileSystem().createDirectory(config.stateDir)
            var random = RandomSource(seed: .random(in: .min ... .max))
            let shell = try CoordinatorShell(
                core: core, store: SQLiteStateStore(path: config.stateDir + "/coordinator.db"),
                terms: config.terms, placer: EvenSplitPlacer(), random: &random,
                wallClock: wallClockMilliseconds, logger: logger)
            shell.onFatal = { fatal.report("\($0)", .state) }
            return shell
        } catch {
            throw FatalError(description: "\(error)", status: .state)
        }
    }

    /// Health and reflection, as stock gRPC tools expect them of every server.
    @discardableResult
    static func addStandardServices(
        to services: ServiceTable, of transport: HTTP2Transport
    ) throws(FatalError) -> HealthService {
        do throws(RPCError) {
            let standard = try StandardServices()
            standard.register(in: services)
            // Those who watch hear of the end before calls are refused.
            transport.atShutDown { standard.health.stop() }
            return standard.health
        } catch {
            throw FatalError(description: error.message, status: .state)
        }
    }

    /// Binds an address; that it is taken is for the supervisor to know.
    static func listen(
        _ transport: HTTP2Transport, _ address: String, _ services: ServiceTable
    ) throws(FatalError) -> String {
        do throws(RPCError) {
            return try transport.listen(at: address, services)
        } catch {
            throw FatalError(
                description: "\(error.message); choose another with --listen", status: .address)
        }
    }

    func stop() async {
        status.readiness = .notReady(reason: "stopping")
        await host.withLock { $0 }?.shutDown(grace: config.common.drain)
    }
}
