/// A moment on a monotonic clock, in nanoseconds from an arbitrary origin.
///
/// Decisions take it as an argument; only the edges of the program ask a `Clock` for it.
package struct Instant: Hashable, Comparable, Sendable {
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// `left + right`, clamped at the origin when `right` is negative.
    package static func + (left: Self, right: Duration) -> Self {
        let delta = right.nanoseconds
        if delta >= 0 { return Self(nanoseconds: left.nanoseconds &+ UInt64(delta)) }
        let back = UInt64(-delta)
        return Self(nanoseconds: left.nanoseconds > back ? left.nanoseconds - back : 0)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    package static func - (left: Self, right: Self) -> Duration {
        .nanoseconds(Int64(bitPattern: left.nanoseconds &- right.nanoseconds))
    }
}

extension Duration {
    /// Whole seconds that `nanoseconds` goes to: the sum of two such still fits, so that no timeout
    /// of a stranger is too long to be added to the present.
    private static let secondsMax: Int64 = (1 << 62) / 1_000_000_000

    /// The whole duration in nanoseconds; beyond 146 years either way, those.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds.magnitude < Self.secondsMax.magnitude else {
            return seconds.signum() * Self.secondsMax * 1_000_000_000
        }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// The duration in seconds, rounded to a double.
    package var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
