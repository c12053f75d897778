import LehrCore
import LehrWeb
import LehrWebServer
import Logging
import ServiceLifecycle
import UnixSignals

/// Runs a role and its HTTP door until SIGTERM or SIGINT, or until the role cannot go on.
struct NodeRunner {
    let logger: Logger
    let registry: PrometheusRegistry
    let door = HTTPDoor()

    /// Bounds an orderly end, beside what the role has still to do and what calls are left; what is not done
    /// by then is cut off.
    private static let shutdownMax = Duration.seconds(5)

    init(_ common: CommonConfig, role: String) {
        var logger = Logger(label: "lehr.\(role)") { common.logFormat.handler(label: $0) }
        logger.logLevel = common.logLevel
        self.logger = logger
        registry = PrometheusRegistry()
    }

    func run(
        _ role: any NodeRole, common: CommonConfig, status: RoleStatus, routes: [WebRoute] = [],
        readiness: (@Sendable () -> Readiness)? = nil, services: [any Service] = []
    ) async throws {
        let (host, port) = common.httpListen.hostAndPort
        let web = WebServer(
            host: host, port: port, routes: routes, registry: registry, logger: logger,
            readiness: readiness ?? { status.readiness },
            onListening: { [door] in door.opened("\($0):\($1)") })
        // In the order of starting; the last one ends first.
        let all: [any Service] = [web] + services + [RoleService(role: role)]
        var configuration = ServiceGroupConfiguration(
            services: all.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration =
            role.lastWork + common.drain + Self.shutdownMax
        try await ServiceGroup(configuration: configuration).run()
        logger.notice("stopped")
    }

    /// The service group speaks of itself at debug level; that is of no use to users.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = .warning
        return quiet
    }
}
