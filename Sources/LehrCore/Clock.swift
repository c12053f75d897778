import Glibc

/// Where the edges of the program get the time from: the real clock, or a simulated one.
package protocol MonotonicClock: Sendable {
    var now: Instant { get }
}

/// The machine's clock since it was started.
///
/// It goes on while the machine is suspended, as the clocks of others do: a holder that wakes up
/// knows that its lease has ended. It costs as much as `CLOCK_MONOTONIC`, which stands still.
package struct SystemClock: MonotonicClock {
    package init() {}

    package var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}

/// Milliseconds since 1970, for people's eyes only; no decision is taken from it.
package func wallClockMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
