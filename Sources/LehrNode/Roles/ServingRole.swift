import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrReactor
import LehrWeb
import Logging
import Synchronization

/// Serving's place in the cluster: a lease that tells others where its HTTP door is, and gRPC health
/// and reflection for those who look whether it is well.
///
/// The models themselves come from a directory, so serving answers with or without a coordinator.
final class ServingRole: NodeRole {
    let fatal: FatalSignal
    private let common: CommonConfig
    private let security: CoreSecurity?
    private let member: MemberHost
    private let door: HTTPDoor
    private let metrics: NodeMetrics
    private let logger: Logger
    private let readiness: @Sendable () -> LehrWeb.Readiness
    private let running = Mutex<(host: CoreHost, agent: Confined<MembershipAgent>)?>(nil)

    /// `readiness`: whether there is a model to answer with.
    init(
        _ common: CommonConfig, member: MemberHost, door: HTTPDoor, metrics: NodeMetrics,
        security: CoreSecurity?, logger: Logger,
        readiness: @escaping @Sendable () -> LehrWeb.Readiness
    ) {
        self.common = common
        self.security = security
        self.member = member
        self.door = door
        self.metrics = metrics
        self.logger = logger
        self.readiness = readiness
        fatal = member.fatal
    }

    func start() async throws {
        let http = try await door.address()
        let host = try await CoreHost.start(
            name: "lehr-core-0", plan: .make(common.poll, reactors: 1, logger: logger),
            security: security, logger: logger)
        let member = member
        let address = try await listen(on: host)
        let agent = try await host.run { transport in
            let agent = member.makeAgent(transport, coreAddresses: [], httpAddress: http)
            member.start(agent)
            return Confined(agent, to: transport.core)
        }
        running.withLock { $0 = (host, agent) }
        logger.notice(
            "ready",
            metadata: [
                "grpc": "\(address)", "http": "\(http)", "member": "\(member.identity.name)",
            ])
    }

    private func listen(on host: CoreHost) async throws -> String {
        let (common, metrics, readiness) = (common, metrics, readiness)
        let access = AccessControl(cluster: security?.cluster, tokens: "", logger: logger)
        return try await host.run { transport in
            let services = ServiceTable()
            let health = try CoordinatorRole.addStandardServices(to: services, of: transport)
            let tell = { health[""] = readiness() == .ready ? .serving : .notServing }
            tell()
            metrics.every(on: transport.core) {
                tell()
                return true
            }
            if let authorizer = try access.guardCalls(of: services, on: transport.core) {
                metrics.follow(authorizer, on: transport.core)
            }
            let address = try CoordinatorRole.listen(transport, common.listen, services)
            metrics.follow(transport)
            return address
        }
    }

    func stop() async {
        guard let (host, agent) = running.withLock({ $0 }) else { return }
        await MemberHost.leave(host, agent)
        await host.shutDown(grace: .zero)
    }
}
