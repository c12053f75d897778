import CLehrWire
package import LehrCore
package import LehrMembership
package import LehrRPC
import LehrWire
package import Logging

/// Keeps one process in the cluster: joins, renews its lease, follows the cluster map, leaves.
///
/// Lives on one core. When its lease ends (the coordinator says so, or another process took the
/// name), it joins again and gets a new incarnation: whatever the old one owned is lost to it.
/// While the coordinator is away it keeps trying, with back-off, and says so once.
package final class MembershipAgent {
    /// What a process says of itself when it joins.
    package struct Identity: Sendable {
        package var name: String
        package var role: Role
        package var coreAddresses: [String]
        package var httpAddress: String

        package init(name: String, role: Role, coreAddresses: [String], httpAddress: String) {
            self.name = name
            self.role = role
            self.coreAddresses = coreAddresses
            self.httpAddress = httpAddress
        }
    }

    package private(set) var lease: HeldLease?
    package private(set) var map: ClusterMap?
    /// Called with each new map, and after each join.
    package var onMap: ((ClusterMap) -> Void)?
    package var onJoin: ((HeldLease) -> Void)?
    /// Called at each renewal, with the new deadline.
    package var onRenew: ((HeldLease) -> Void)?
    /// Called when the lease has ended, before the process joins anew.
    package var onLost: (() -> Void)?
    /// Called when the process is to leave; its argument is to be called when nobody writes any more in
    /// this process, and the lease is given back then.
    package var onLeave: ((@escaping () -> Void) -> Void)?
    /// Called when the coordinator does not take this process, which must end: it belongs to another
    /// cluster, or its certificate is not of the member that it says it is.
    package var onRefused: ((RPCError) -> Void)?

    private let core: any Core
    private let channel: any Channel
    private let renewals: RenewalStream
    private let coordinator: String
    private let identity: Identity
    private let logger: Logger
    private var backoff: Backoff
    private var watchBackoff: Backoff
    private var random: RandomSource
    /// The cluster joined, now or in an earlier life; 0 before the first join.
    package private(set) var cluster: ClusterID
    private var heartbeat = Duration.seconds(3)
    private var watch: (any Call)?
    /// Watches begun: what comes of an earlier one is not heard.
    private var watchCount = 0
    /// A message did not fit the map: the next watch is to begin with all of it.
    private var isMapDoubtful = false
    /// The map that was known when a renewal last told of a later one.
    private var behindSince: UInt64?
    private var timer: TimerID?
    private var isStopped = false
    private var saidMissing = false
    /// How far this process's clock and the coordinator's may drift apart.
    private let drift: Double
    private let guards: Guards
    /// This process, and which of its lives it leads or wants to begin.
    private var process: ProcessLife

    package init(
        transport: any Transport, coordinator: String, identity: Identity,
        cluster: ClusterID = ClusterID(0), random: RandomSource, logger: Logger,
        drift: Double = LeaseTerms().drift, guards: Guards = .all
    ) {
        core = transport.core
        channel = transport.channel(to: coordinator)
        renewals = RenewalStream(core: core, channel: channel, guards: guards)
        self.coordinator = coordinator
        self.identity = identity
        self.cluster = cluster
        self.logger = logger
        self.drift = guards.contains(.leaseAllowsForDrift) ? drift : 0
        self.guards = guards
        var random = random
        process = ProcessLife(process: random.next() | 1, life: 1)
        backoff = Backoff(random: RandomSource(seed: random.next()))
        watchBackoff = Backoff(random: RandomSource(seed: random.next()))
        self.random = random
    }

    package func start() { join() }

    /// Closes what writes, gives the lease back, then calls `completion`.
    ///
    /// Waits at most a second for the one and a second for the coordinator. A lease whose holder may
    /// still write is not given back, but runs out.
    package func stop(_ completion: @escaping () -> Void) {
        isStopped = true
        timer.map { core.cancel($0) }
        renewals.close()
        watch?.cancel()
        watch = nil
        guard let lease else { return completion() }
        self.lease = nil
        guard let onLeave, guards.contains(.closedBeforeLeft) else {
            return leave(lease, completion)
        }
        var isOver = false
        let patience = core.schedule(after: Self.closingMax) { [logger] in
            isOver = true
            logger.warning("what writes does not stop, the lease is left to run out")
            completion()
        }
        onLeave { [self] in
            guard !isOver else { return }
            isOver = true
            core.cancel(patience)
            leave(lease, completion)
        }
    }

    private static let closingMax = Duration.seconds(1)

    private func leave(_ lease: HeldLease, _ completion: @escaping () -> Void) {
        let options = CallOptions(timeout: .seconds(1))
        channel.unary(CoordinatorMethods.leave, options) { [identity] request, arena in
            request.name = arena.string(identity.name)
            request.incarnation = lease.incarnation.value
        } _: { _ in
            completion()
        }
    }

    // MARK: - Joining

    private func join() {
        guard !isStopped else { return }
        let sent = core.now
        let options = CallOptions(timeout: .seconds(5))
        channel.unary(CoordinatorMethods.join, options) {
            [identity, cluster, process] request, arena in
            request.name = arena.string(identity.name)
            request.role = .init(rawValue: UInt32(identity.role.wire))
            (request.n_core_addresses, request.core_addresses) =
                arena.strings(identity.coreAddresses)
            request.http_address = arena.string(identity.httpAddress)
            request.cluster_id = cluster.value
            request.process_id = process.process
            request.process_life = process.life
        } _: { [self] result in
            switch result {
            case .success(let answer): joined(answer.pointee, sent: sent)
            case .failure(let error): joinFailed(error)
            }
        }
    }

    private func joined(_ answer: Wire.JoinResponse, sent: Instant) {
        guard !isStopped else { return }
        backoff.reset()
        saidMissing = false
        cluster = ClusterID(answer.cluster_id)
        heartbeat = .milliseconds(Int64(answer.heartbeat_ms))
        let lease = HeldLease(
            incarnation: MemberIncarnation(answer.incarnation), sent: counted(from: sent),
            ttl: .milliseconds(Int64(answer.ttl_ms)), drift: drift)
        self.lease = lease
        logger.info(
            "joined the cluster",
            metadata: [
                "cluster.id": "\(cluster)", "member": "\(identity.name)",
                "incarnation": "\(lease.incarnation.value)",
            ])
        onJoin?(lease)
        followMap()
        beatLater(after: heartbeat, earlierBy: heartbeat / 2)
    }

    private func joinFailed(_ error: RPCError) {
        guard !isStopped else { return }
        if Self.isFinal(error.code) {
            logger.error("refused by the coordinator", metadata: ["reason": "\(error.message)"])
            isStopped = true
            onRefused?(error)
            return
        }
        sayMissing(error)
        // The name may be free soon: whoever had it may be a life of this member that has ended.
        let delay = error.code == .alreadyExists ? Self.nameDelay : backoff.next()
        timer = core.schedule(after: delay) { [self] in join() }
    }

    /// Whether asking again is of no use: what is wrong is how this process was started.
    private static func isFinal(_ code: StatusCode) -> Bool {
        switch code {
        case .failedPrecondition, .invalidArgument, .permissionDenied, .unauthenticated: true
        default: false
        }
    }

    /// Between two tries for a name that another process has.
    private static let nameDelay = Duration.milliseconds(250)

    private func sayMissing(_ error: RPCError) {
        guard !saidMissing else { return }
        saidMissing = true
        let what =
            error.code == .alreadyExists
            ? "the name is taken, trying again until it is free"
            : "no coordinator yet, trying again until it answers"
        logger.warning(
            "\(what)",
            metadata: ["coordinator": "\(coordinator)", "reason": "\(error.message)"])
    }

    // MARK: - Renewing

    /// Members that were answered together drift apart again: each comes earlier by chance.
    private func beatLater(after delay: Duration, earlierBy most: Duration) {
        let jitter = Duration.nanoseconds(Int64(random.below(Int(most.nanoseconds) + 1)))
        timer.map { core.cancel($0) }
        timer = core.schedule(after: delay - jitter) { [self] in beat() }
    }

    private func beat() {
        guard !isStopped, let lease else { return }
        let sent = core.now
        renewals.renew(lease.incarnation, within: heartbeat) { [self] result in
            guard !isStopped, self.lease?.incarnation == lease.incarnation else { return }
            switch result {
            case .success(let answer) where answer.hasEnded:
                logger.warning(
                    "the lease has ended, joining anew", metadata: ["member": "\(identity.name)"])
                leaveOldLife()
                join()
            case .success(let answer):
                saidMissing = false
                self.lease?.renew(sent: counted(from: sent), ttl: answer.ttl)
                if let renewed = self.lease { onRenew?(renewed) }
                replaceDeadWatch(answer.mapVersion)
                beatLater(after: heartbeat, earlierBy: heartbeat / 10)
            case .failure(let error):
                sayMissing(error)
                // Sooner than usual: with one beat lost, the next one must still come in time.
                beatLater(after: heartbeat / 4, earlierBy: heartbeat / 8)
            }
        }
    }

    /// When a lease begins whose renewal was sent at `sent` and has just been answered.
    private func counted(from sent: Instant) -> Instant {
        guards.contains(.leaseCountsFromSending) ? sent : core.now
    }

    private func leaveOldLife() {
        lease = nil
        process.life += 1
        watch?.cancel()
        watch = nil
        onLost?()
    }

    // MARK: - Following the map

    /// A stream may stand while nothing comes through it any more. `version` is the coordinator's: who
    /// knows an older one at two renewals, and has heard nothing in between, asks anew.
    private func replaceDeadWatch(_ version: UInt64) {
        let known = map?.version ?? 0
        guard version > known, guards.contains(.deadWatchesAreReplaced) else {
            behindSince = nil
            return
        }
        guard behindSince == known else {
            behindSince = known
            return
        }
        behindSince = nil
        logger.info("the watch of the cluster map tells nothing, asking anew")
        followMap()
    }

    private func followMap() {
        watch?.cancel()
        watchCount += 1
        let (number, incarnation) = (watchCount, lease?.incarnation)
        // After an end of the stream there is seldom anything new; what does not fit is sent anew.
        let known = isMapDoubtful ? nil : map
        watch = channel.serverStreaming(CoordinatorMethods.watchClusterMap) { request, _ in
            request.changes = 1
            request.known_version = known?.version ?? 0
            request.cluster_id = known?.cluster.value ?? 0
        } onMessage: { [self] message in
            guard !isStopped, number == watchCount, lease?.incarnation == incarnation
            else { return }
            watchBackoff.reset()
            receive(message.pointee)
        } onEnd: { [self] _ in
            guard !isStopped, number == watchCount, lease != nil, lease?.incarnation == incarnation
            else { return }
            watch = nil
            _ = core.schedule(after: watchBackoff.next()) { [self] in
                guard !isStopped, number == watchCount, lease?.incarnation == incarnation
                else { return }
                followMap()
            }
        }
    }

    private func receive(_ message: Wire.ClusterMap) {
        do throws(TranslationError) {
            guard let received = try ClusterMap(wire: message, after: map) else {
                isMapDoubtful = true
                // Its end is followed by another watch, which begins with all of the map.
                watch?.cancel()
                return
            }
            isMapDoubtful = false
            // A coordinator that restarted may send a map that is already known.
            guard received.version >= map?.version ?? 0 else { return }
            map = received
            onMap?(received)
        } catch {
            isMapDoubtful = true
            logger.error("a cluster map that makes no sense", metadata: ["reason": "\(error)"])
        }
    }
}
