package import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
import LehrTable
package import Logging

/// Carries what the membership agent learns on one core to every core's tables.
///
/// Each core owns its `ShardCore` outright; leases and maps reach it through the core's mailbox.
package final class ShardShell {
    /// One core of the shard, as the others see it.
    package struct Endpoint: Sendable {
        let mailbox: any Mailbox
        let shard: Confined<ShardCore>

        package init(mailbox: any Mailbox, shard: Confined<ShardCore>) {
            self.mailbox = mailbox
            self.shard = shard
        }
    }

    private let endpoints: [Endpoint]
    private let logger: Logger

    package init(_ endpoints: [Endpoint], logger: Logger) {
        self.endpoints = endpoints
        self.logger = logger
    }

    /// Call on the agent's core, before it starts.
    package func follow(_ agent: MembershipAgent) {
        agent.onJoin = { [self] lease in everywhere { shard, _ in shard.joined(lease) } }
        agent.onRenew = { [self] lease in everywhere { shard, _ in shard.renewed(lease) } }
        agent.onMap = { [self] map in
            everywhere { shard, logger in
                do throws(TableSpecError) {
                    try shard.adopt(map)
                } catch {
                    logger.error("a table cannot be made", metadata: ["reason": "\(error)"])
                }
            }
        }
    }

    private func everywhere(_ body: @escaping @Sendable (ShardCore, Logger) -> Void) {
        for endpoint in endpoints {
            let taken = endpoint.mailbox.post { [logger] in
                endpoint.shard.withValue { body($0, logger) }
            }
            if !taken { logger.error("a core does not take its mail") }
        }
    }
}
