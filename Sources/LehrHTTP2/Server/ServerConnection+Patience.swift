import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor

// How long a server waits for what its peer has begun. There is no timer for each thing waited for:
// a connection is looked at several times in the shortest of these times, and what has begun bears
// the number of the look before it.
extension ServerConnection {
    /// Looks taken in the shortest of the times.
    private static let looksPerTimeout = 4

    static func lookInterval(_ limits: RPCLimits) -> Duration {
        min(limits.prefaceTimeout, limits.headerTimeout, limits.requestTimeout) / looksPerTimeout
    }

    /// Whether `timeout` has passed since something that came after the look `tick`, and at most two
    /// intervals more.
    private func hasPassed(_ timeout: Duration, since tick: Int) -> Bool {
        // It came at any time until the next look.
        let interval = Self.lookInterval(transport.limits)
        return interval * (life.tick - tick - 1) >= timeout
    }

    /// Ends what has waited for its peer for too long.
    func look() {
        life.tick += 1
        let limits = transport.limits
        guard life.isGreeted && life.hasAcknowledged || !hasPassed(limits.prefaceTimeout, since: 0)
        else {
            return hangUp(.prefaceTime, NGHTTP2_SETTINGS_TIMEOUT, "no settings")
        }
        if let began = life.headBegan, hasPassed(limits.headerTimeout, since: began) {
            return hangUp(.headerTime, NGHTTP2_ENHANCE_YOUR_CALM, "slow headers")
        }
        // A peer that is stopped on all its streams cannot go on.
        guard withheld == 0 else { return }
        for call in calls where call.isWanting {
            if hasPassed(limits.requestTimeout, since: call.progressed) {
                transport.counters.hit(.requestTime)
                call.abort(.slowRequest(call.path))
            }
        }
    }
}
