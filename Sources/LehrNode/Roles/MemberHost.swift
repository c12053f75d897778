import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrWeb
import Logging

/// What every member of the cluster does besides its work: it joins, says so, and leaves.
struct MemberHost {
    let config: MemberConfig
    let identity: MemberIdentity
    let role: Role
    let status: RoleStatus
    let fatal: FatalSignal
    let logger: Logger

    /// An agent on `transport`'s core, not yet started; the addresses are those bound.
    func makeAgent(
        _ transport: HTTP2Transport, coreAddresses: [String], httpAddress: String
    ) -> MembershipAgent {
        MembershipAgent(
            transport: transport, coordinator: config.coordinator,
            identity: .init(
                name: identity.name, role: role,
                coreAddresses: coreAddresses.enumerated().map { core, bound in
                    config.advertise?.ofCore(core, bound: bound) ?? bound
                },
                httpAddress: config.advertise?.ofDoor(bound: httpAddress) ?? httpAddress),
            cluster: identity.cluster,
            random: RandomSource(seed: .random(in: .min ... .max)), logger: logger)
    }

    /// Starts the agent; call after its hooks are set, on its core.
    func start(_ agent: MembershipAgent, onJoin: @escaping () -> Void = {}) {
        let hook = agent.onJoin
        agent.onJoin = { [identity, config, status, logger, weak agent] lease in
            hook?(lease)
            var kept = identity
            kept.cluster = agent?.cluster ?? identity.cluster
            do { try kept.save(config, files: LocalFileSystem()) } catch {
                logger.warning("the identity cannot be kept", metadata: ["reason": "\(error)"])
            }
            status.readiness = .ready
            onJoin()
        }
        agent.onRefused = { [fatal] in fatal.report($0.message, .refused) }
        agent.start()
    }

    /// Leaves the cluster; waits at most a second for the coordinator.
    static func leave(_ host: CoreHost, _ agent: Confined<MembershipAgent>) async {
        _ = try? await host.start { _, finish in
            agent.withValue { $0.stop { finish(.success(())) } }
        }
    }
}
