import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrReactor
import Logging
import Synchronization

/// Serving's place in the cluster: a lease that tells others where its HTTP door is.
///
/// The models themselves come from a directory, so serving answers with or without a coordinator.
final class ServingRole: NodeRole {
    let fatal: FatalSignal
    private let security: CoreSecurity?
    private let member: MemberHost
    private let poll: PollMode
    private let door: HTTPDoor
    private let logger: Logger
    private let running = Mutex<(host: CoreHost, agent: Confined<MembershipAgent>)?>(nil)

    init(
        member: MemberHost, poll: PollMode, door: HTTPDoor, security: CoreSecurity?, logger: Logger
    ) {
        self.poll = poll
        self.security = security
        self.member = member
        self.door = door
        self.logger = logger
        fatal = member.fatal
    }

    func start() async throws {
        let http = try await door.address()
        let host = try await CoreHost.start(
            name: "lehr-core-0", plan: .make(poll, reactors: 1, logger: logger),
            security: security, logger: logger)
        let member = member
        let agent = try await host.run { transport in
            let agent = member.makeAgent(transport, coreAddresses: [], httpAddress: http)
            member.start(agent)
            return Confined(agent, to: transport.core)
        }
        running.withLock { $0 = (host, agent) }
        logger.notice(
            "ready", metadata: ["http": "\(http)", "member": "\(member.identity.name)"])
    }

    func stop() async {
        guard let (host, agent) = running.withLock({ $0 }) else { return }
        await MemberHost.leave(host, agent)
        await host.shutDown(grace: .zero)
    }
}
