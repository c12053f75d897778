package import LehrCore

/// A lease as its holder sees it: how long it may still write, by its own clock.
///
/// The deadline counts from the moment the keep-alive was *sent*, because the table can have
/// received it no earlier: `sent + ttl * (1 - 2 * drift)`. Both clocks may be off by `drift`, hence
/// twice.
package struct HeldLease: Hashable, Sendable {
    package let incarnation: MemberIncarnation
    package private(set) var deadline: Instant
    private let drift: Double

    package init(
        incarnation: MemberIncarnation, sent: Instant, ttl: Duration, drift: Double
    ) {
        self.incarnation = incarnation
        self.drift = drift
        deadline = sent
        renew(sent: sent, ttl: ttl)
    }

    /// A keep-alive sent at `sent` was acknowledged. Answers may arrive out of order: the deadline
    /// never moves back.
    package mutating func renew(sent: Instant, ttl: Duration) {
        let usable = Duration.nanoseconds(Int64(Double(ttl.nanoseconds) * (1 - 2 * drift)))
        deadline = max(deadline, sent + usable)
    }

    package func mayWrite(at now: Instant) -> Bool { now < deadline }
}
