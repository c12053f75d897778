package import LehrCore
package import LehrMembership
package import LehrRPC
import LehrWire

/// One operation on many partitions: a call to each owner that is concerned, repeated until all have
/// answered.
///
/// What fails for want of the owner (unavailable, a stale map) is tried again with the map of that
/// moment, so an owner that moved is found; everything sent this way is safe to repeat. What fails
/// for want of room is tried again for about a minute. Any other failure, or a partition that is on
/// the map no more, ends the operation.
package final class FanOut {
    /// One partition of one of the operation's tables.
    package struct Target: Hashable {
        /// Position among the operation's tables, and of the partition in the table.
        package let table: Int
        package let partition: Int
        /// Position among the operation's runs of this table; 0 where it has none.
        package let run: Int
    }

    /// Sends the part of the operation that concerns `targets` to their owner.
    package typealias Send = (
        any Channel, [Target], ClusterMap, @escaping (RPCError?) -> Void
    ) -> any Call

    private let transport: any Transport
    private let tables: [TableID]
    private let currentMap: () -> ClusterMap?
    private let send: Send
    private var completion: ((RPCError?) -> Void)?
    private var calls: [Int: any Call] = [:]
    private var nextCall = 0
    private var pending = 0
    private var backoff: Backoff
    private var timers: Set<TimerID> = []
    private var exhaustions = 0

    /// Repeats for want of room: at a second each about a minute, after which it will not come.
    private static let exhaustionCountMax = 60

    package init(
        transport: any Transport, tables: [TableID], random: RandomSource,
        map: @escaping () -> ClusterMap?, send: @escaping Send,
        completion: @escaping (RPCError?) -> Void
    ) {
        self.transport = transport
        self.tables = tables
        currentMap = map
        self.send = send
        self.completion = completion
        // A hand-over takes some milliseconds.
        backoff = Backoff(first: .milliseconds(2), most: .seconds(1), random: random)
    }

    /// Starts; `completion` is called once, later, unless the operation is cancelled.
    package func start(_ targets: [Target]) {
        pending = targets.count
        guard pending > 0 else {
            transport.core.post { self.finish(nil) }
            return
        }
        dispatch(targets)
    }

    /// Ends the operation without a completion.
    package func cancel() {
        completion = nil
        stop()
    }

    private func dispatch(_ targets: [Target]) {
        guard completion != nil else { return }
        guard let map = currentMap() else { return retry(targets) }
        let placed = tables.map { map.table($0) }
        var groups: [(address: String, targets: [Target])] = []
        var homeless: [Target] = []
        for target in targets {
            guard let table = placed[target.table],
                table.partitions.indices.contains(target.partition)
            else {
                return finish(
                    RPCError(
                        .notFound,
                        "table \(tables[target.table].value) is not on the cluster map any more"))
            }
            guard let address = map.address(of: table.partitions[target.partition]) else {
                homeless.append(target)
                continue
            }
            if let index = groups.firstIndex(where: { $0.address == address }) {
                groups[index].targets.append(target)
            } else {
                groups.append((address, [target]))
            }
        }
        if !homeless.isEmpty { retry(homeless) }
        for group in groups { call(group.address, group.targets, map) }
    }

    private func call(_ address: String, _ targets: [Target], _ map: ClusterMap) {
        guard completion != nil else { return }
        let number = nextCall
        nextCall += 1
        calls[number] = send(transport.channel(to: address), targets, map) { [self] error in
            calls[number] = nil
            guard completion != nil else { return }
            guard let error else {
                pending -= targets.count
                if pending == 0 { finish(nil) }
                return
            }
            switch error.code {
            case .unavailable, .aborted, .deadlineExceeded: retry(targets)
            case .resourceExhausted where exhaustions < Self.exhaustionCountMax:
                exhaustions += 1
                retry(targets)
            default: finish(error)
            }
        }
    }

    private func retry(_ targets: [Target]) {
        var timer: TimerID?
        let started = transport.core.schedule(after: backoff.next()) { [self] in
            timer.map { _ = timers.remove($0) }
            dispatch(targets)
        }
        timer = started
        timers.insert(started)
    }

    private func finish(_ error: RPCError?) {
        let completion = self.completion
        self.completion = nil
        stop()
        completion?(error)
    }

    private func stop() {
        for number in calls.keys.sorted() { calls[number]?.cancel() }
        calls = [:]
        for timer in timers { transport.core.cancel(timer) }
        timers = []
    }
}
