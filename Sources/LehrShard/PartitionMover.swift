import CLehrWire
import LehrCluster
package import LehrCore
import LehrMembership
package import LehrRPC
import LehrTable
import LehrWire
package import Logging

/// Brings to one core of a shard the partitions that are on their way there, and tells the coordinator
/// how that goes.
///
/// Whatever fails for want of an answer is tried again, with back-off, for as long as the map speaks of
/// the move.
package final class PartitionMover {
    private let shard: ShardCore
    private let core: any Core
    private let transport: any Transport
    private let coordinator: any Channel
    private let logger: Logger
    private var backoff: Backoff
    /// By the numbers of their moves.
    private var fetches: [UInt64: any Call] = [:]
    /// Moves of which something is being said.
    private var sayings: Set<UInt64> = []
    private var timer: TimerID?

    package init(
        _ shard: ShardCore, transport: any Transport, coordinator: String, random: RandomSource,
        logger: Logger
    ) {
        self.shard = shard
        self.transport = transport
        core = transport.core
        self.coordinator = transport.channel(to: coordinator)
        self.logger = logger
        backoff = Backoff(first: .milliseconds(5), most: .seconds(1), random: random)
    }

    /// Call when the core has taken over a map, or a lease.
    package func lookAgain() {
        // A stream may stand though its other end has gone: what has not come from there will not.
        let wanted = Set(
            shard.arrivals.filter { $0.address != nil || $0.isComplete }.map(\.move.number))
        for (number, call) in fetches.sorted(by: { $0.key < $1.key }) where !wanted.contains(number)
        {
            call.cancel()
            fetches[number] = nil
        }
        for arrival in shard.arrivals where fetches[arrival.move.number] == nil {
            if arrival.isComplete { say(arrival.report(.ready)) } else { fetch(arrival) }
        }
        for report in shard.taken { say(report) }
    }

    private func lookAgainLater() {
        guard timer == nil else { return }
        timer = core.schedule(after: backoff.next()) { [weak self] in
            self?.timer = nil
            self?.lookAgain()
        }
    }

    // MARK: - Rows

    private func fetch(_ arrival: Arrival) {
        guard let address = arrival.address else {
            return say(
                arrival.report(.failed("shard \(arrival.move.source.name) has gone")))
        }
        do throws(TableSpecError) { try arrival.restart() } catch {
            return say(arrival.report(.failed("\(error)")))
        }
        let (number, cluster) = (arrival.move.number, shard.cluster)
        fetches[number] = transport.channel(to: address).serverStreaming(
            ShardMethods.fetchPartition
        ) { request, _ in
            request.cluster_id = cluster.value
            request.table = arrival.id.table.value
            request.partition = arrival.id.index
            request.incarnation = arrival.sourceIncarnation.value
            request.move = number
        } onMessage: { [weak self] message in
            guard let self, fetches[number] != nil else { return }
            do {
                let chunk = try PartitionChunk(wire: message.pointee, arrival.rows.spec.rowFormat)
                shard.moveCounters.rowsTaken += UInt64(chunk.moved.rows.rowCount)
                try arrival.take(chunk, stamp: ShardCore.stamp(core.now))
            } catch {
                fetches.removeValue(forKey: number)?.cancel()
                say(arrival.report(.failed("\(error)")))
            }
        } onEnd: { [weak self] error in
            guard let self, fetches[number] != nil else { return }
            fetches[number] = nil
            if arrival.isComplete { return say(arrival.report(.ready)) }
            if let error, error.code != .aborted, error.code != .unavailable {
                return say(arrival.report(.failed(error.message)))
            }
            lookAgainLater()
        }
    }

    // MARK: - Words

    private func say(_ report: MoveReport) {
        guard let life = shard.lease?.incarnation, sayings.insert(report.move).inserted else {
            return
        }
        coordinator.unary(CoordinatorMethods.reportMove) { request, arena in
            report.fill(&request, arena)
            request.incarnation = life.value
        } _: { [weak self] result in
            guard let self else { return }
            sayings.remove(report.move)
            switch result {
            case .success(let answer):
                backoff.reset()
                heard(report, PartitionIncarnation(answer.pointee.partition_incarnation))
            case .failure(let error):
                logger.debug(
                    "a move cannot be reported yet", metadata: ["reason": "\(error.message)"])
                lookAgainLater()
            }
        }
    }

    private func heard(_ report: MoveReport, _ incarnation: PartitionIncarnation) {
        switch report.state {
        case .ready:
            guard let arrival = shard.arrivals.first(where: { $0.move.number == report.move })
            else { return lookAgain() }
            // Else the map will say what has become of the move.
            guard incarnation.value > 0 else { return }
            shard.take(arrival, as: incarnation)
            lookAgain()
        case .taken:
            // Else the map will say that the move has ended, or what has become of it.
            guard incarnation.value > 0 else { return }
            shard.open(report.partition, after: report.move)
            logger.info(
                "a partition has come",
                metadata: [
                    "table": "\(report.partition.table.value)",
                    "partition": "\(report.partition.index)",
                ])
        case .failed(let reason):
            shard.moveCounters.failures += 1
            logger.warning(
                "a partition does not come",
                metadata: [
                    "table": "\(report.partition.table.value)",
                    "partition": "\(report.partition.index)", "reason": "\(reason)",
                ])
        }
    }
}
