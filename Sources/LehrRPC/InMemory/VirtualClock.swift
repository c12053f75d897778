import LehrCore

/// The clock of a simulated process: how it differs from the simulation's own time.
package struct VirtualClock: Hashable, Sendable {
    /// What it shows when the simulation's time is 0.
    package let offset: Duration
    /// Parts in a million that it gains, or loses if negative.
    package let driftPPM: Int64

    package static let exact = VirtualClock(offset: .zero, driftPPM: 0)
    private static let million: Int64 = 1_000_000

    package init(offset: Duration, driftPPM: Int64) {
        precondition(offset >= .zero, "no clock shows a time before its origin")
        precondition(abs(driftPPM) < Self.million, "a clock goes forward")
        self.offset = offset
        self.driftPPM = driftPPM
    }

    func reading(at time: Instant) -> Instant {
        guard self != .exact else { return time }
        let elapsed = Int64(time.nanoseconds)
        return time + offset + .nanoseconds(elapsed / Self.million * driftPPM)
            + .nanoseconds(elapsed % Self.million * driftPPM / Self.million)
    }

    /// The simulation's time in which this clock advances by `duration`, rounded up so that what was
    /// due is due.
    func span(of duration: Duration) -> Duration {
        guard driftPPM != 0 else { return duration }
        let nanoseconds = Double(duration.nanoseconds)
        let span = nanoseconds * Double(Self.million) / Double(Self.million + driftPPM)
        return .nanoseconds(Int64(span.rounded(.up)) + 2)
    }
}
