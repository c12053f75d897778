import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// What decides how long a server keeps a connection.
struct ServerConnectionLife {
    /// Calls so far; tells whether there were any since someone looked.
    var callsBegun: UInt64 = 0
    enum Phase {
        case open
        /// The peer knows that it should go elsewhere, but not yet which call was the last.
        case draining
        case drained
    }

    var phase = Phase.open
    var timers: [TimerID] = []
    /// Looks that were taken after those who keep others waiting.
    var tick = 0
    /// The peer has sent its settings, and taken note of ours.
    var isGreeted = false
    var hasAcknowledged = false
    /// When the header list began that is not complete.
    var headBegan: Int?
    private var lastPing: Instant?
    private var strikes = 0

    /// A PING has come since the last answer.
    var hasPing: Bool { lastPing != nil }

    /// Something was sent that a PING may ask about.
    mutating func answered() {
        lastPing = nil
        strikes = 0
    }

    /// Takes note of a PING; true: that was one too many.
    mutating func pinged(at now: Instant, _ limits: RPCLimits) -> Bool {
        defer { lastPing = now }
        guard let lastPing, now - lastPing < limits.pingIntervalMin else { return false }
        strikes += 1
        // Once, however many more are in the same bytes.
        return strikes == limits.pingStrikesMax + 1
    }
}

extension ServerConnection {
    /// Time for a peer to acknowledge that it has seen the first GOAWAY.
    private static let drainTimeout = Duration.seconds(1)

    /// Begins to watch age and idleness; `jitter` from 0 to 1 spreads the age.
    func watchLife(jitter: Float) {
        watchIdleness()
        guard let age = transport.limits.connectionAgeMax else { return }
        schedule(after: age * (0.9 + 0.2 * Double(jitter))) { $0.grownOld() }
    }

    private func watchIdleness() {
        guard let idle = transport.limits.connectionIdleMax else { return }
        let seen = life.callsBegun
        schedule(after: idle) { connection in
            guard connection.calls.isEmpty, connection.life.callsBegun == seen else {
                return connection.watchIdleness()
            }
            connection.transport.counters.hit(.connectionIdleTime)
            connection.drain()
        }
    }

    private func grownOld() {
        transport.counters.hit(.connectionAge)
        drain()
        schedule(after: transport.limits.connectionAgeGrace) { connection in
            connection.abort(RPCError(.unavailable, "the connection has grown too old"))
            connection.flush()
            connection.close("the connection has grown too old", .limit)
        }
    }

    /// Ends the connection without losing a call: says first that there will be an end, takes the
    /// calls that were on their way, then names the last one. Ends with the last stream.
    func drain() {
        guard let session, life.phase == .open else { return }
        life.phase = .draining
        nghttp2_submit_shutdown_notice(session)
        sendPing()
        schedule(after: Self.drainTimeout) { $0.sendFinalGoAway() }
    }

    func sendFinalGoAway() {
        guard life.phase == .draining else { return }
        life.phase = .drained
        sendGoAway()
    }

    private func schedule(after delay: Duration, _ work: @escaping (ServerConnection) -> Void) {
        var timer: TimerID?
        // Not weakly: counting references to what is referred to weakly costs several times as much,
        // and each call does that. The timers end with the session, and that before its connection.
        let made = reactor.schedule(after: delay) { [unowned self] in
            life.timers.removeAll { $0 == timer }
            work(self)
        }
        timer = made
        life.timers.append(made)
    }

    func cancelLifeTimers() {
        for timer in life.timers { reactor.cancel(timer) }
        life.timers = []
    }
}
