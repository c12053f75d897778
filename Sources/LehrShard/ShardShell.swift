package import LehrCluster
import LehrCore
import LehrMembership
package import LehrRPC
package import Logging

/// Carries what the membership agent learns on one core to every core's tables.
///
/// Each core owns its `ShardCore` outright; leases and maps wait in a slot of each core, and it hears
/// through its mailbox that something is there.
package final class ShardShell {
    /// One core of the shard, as the others see it.
    package struct Endpoint: Sendable {
        let mailbox: any Mailbox
        let shard: Confined<ShardCore>
        let mover: Confined<PartitionMover>
        let slot = CoreNewsSlot()

        package init(
            mailbox: any Mailbox, shard: Confined<ShardCore>, mover: Confined<PartitionMover>
        ) {
            self.mailbox = mailbox
            self.shard = shard
            self.mover = mover
        }

        /// Call on the endpoint's core.
        func catchUp(_ logger: Logger) {
            let news = slot.take()
            shard.withValue { news.apply(to: $0, logger) }
            mover.withValue { $0.lookAgain() }
        }
    }

    /// Called when this shard is being drained and has nothing left; perhaps again with later maps.
    package var onDrained: (() -> Void)?

    private let endpoints: [Endpoint]
    private let core: any Core
    private let logger: Logger
    private var retry: TimerID?
    /// Cores that have not said that they are closed, and what to do when all have.
    private var closing: (unheard: Set<Int>, completion: () -> Void)?

    /// Until a core whose mailbox was full is tried again.
    private static let patience = Duration.milliseconds(10)

    /// - Parameter core: the agent's.
    package init(_ endpoints: [Endpoint], core: any Core, logger: Logger) {
        self.endpoints = endpoints
        self.core = core
        self.logger = logger
    }

    /// Call on the agent's core, before it starts.
    package func follow(_ agent: MembershipAgent) {
        agent.onJoin = { [self] lease in everywhere { $0.lease = lease } }
        agent.onRenew = { [self] lease in everywhere { $0.lease = lease } }
        agent.onLost = { [self] in everywhere { $0.lease = nil } }
        agent.onMap = { [self, weak agent] map in
            everywhere { $0.map = map }
            if let life = agent?.lease?.incarnation, map.isDrained(life) { onDrained?() }
        }
        agent.onLeave = { [self] completion in close(completion) }
    }

    private func everywhere(_ change: (inout CoreNews) -> Void) {
        for endpoint in endpoints where endpoint.slot.put(change) { announce(to: endpoint) }
    }

    private func announce(to endpoint: Endpoint) {
        let taken = endpoint.mailbox.post { [logger] in
            endpoint.catchUp(logger)
        }
        guard !taken else { return }
        endpoint.slot.wasNotAnnounced()
        logger.warning("a core does not take its mail, trying again")
        again { [self] in everywhere { _ in } }
    }

    private func again(_ body: @escaping () -> Void) {
        retry.map { core.cancel($0) }
        retry = core.schedule(after: Self.patience) { [self] in
            retry = nil
            body()
        }
    }

    // MARK: - Closing

    /// Calls `completion` once every core has stopped to take writes.
    private func close(_ completion: @escaping () -> Void) {
        closing = (Set(endpoints.indices), completion)
        for endpoint in endpoints { _ = endpoint.slot.put { $0.isClosing = true } }
        askWhetherClosed()
    }

    private func askWhetherClosed() {
        guard let closing else { return }
        let shell = Confined(self, to: core)
        let home = core.mailbox
        for index in closing.unheard.sorted() {
            let endpoint = endpoints[index]
            endpoint.mailbox.post { [logger] in
                endpoint.catchUp(logger)
                home.post { shell.withValue { $0.hasClosed(index) } }
            }
        }
        // Mail may find no room, there or back.
        again { [self] in askWhetherClosed() }
    }

    private func hasClosed(_ index: Int) {
        guard var closing else { return }
        closing.unheard.remove(index)
        guard closing.unheard.isEmpty else {
            self.closing = closing
            return
        }
        self.closing = nil
        retry.map { core.cancel($0) }
        closing.completion()
    }
}
