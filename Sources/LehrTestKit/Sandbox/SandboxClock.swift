import LehrCore
import Synchronization

/// A core's clock for what asks for one that any thread may read: as it was last set.
final class SandboxClock: MonotonicClock {
    private let nanoseconds = Atomic<UInt64>(0)

    var now: Instant { Instant(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    func set(_ now: Instant) { nanoseconds.store(now.nanoseconds, ordering: .relaxed) }
}
