package import LehrCore

/// A clock that moves only from one event to the next, for any number of simulated cores.
///
/// Events run one at a time, by their time and then in the order in which they were scheduled, so
/// that equal inputs give equal runs. Belongs to one thread.
package final class VirtualTime {
    package private(set) var now: Instant
    /// The core whose work is running.
    private(set) var current: VirtualCore?
    /// Events run so far.
    package private(set) var eventCount = 0
    private var timers = TimerQueue()
    private var cores: [WeakCore] = []

    package init(start: Instant = Instant(nanoseconds: 1_000_000_000)) { now = start }

    /// Whether nothing is left to happen.
    package var isIdle: Bool { timers.count == 0 }

    /// Runs `work` at `time`, or now if that has passed.
    @discardableResult
    package func schedule(at time: Instant, _ work: @escaping () -> Void) -> TimerID {
        timers.schedule(at: max(time, now), work)
    }

    /// Forgets an event; one that has run or is unknown is ignored.
    package func cancel(_ timer: TimerID) { timers.cancel(timer) }

    /// Runs the next event, unless it comes after `end`; false when there is none.
    @discardableResult
    package func runNext(until end: Instant = Instant(nanoseconds: .max)) -> Bool {
        guard let (time, work) = timers.takeDue(at: end) else { return false }
        now = time
        eventCount += 1
        work()
        return true
    }

    /// Runs every event up to `end`, which is the time afterwards.
    package func run(until end: Instant) {
        while runNext(until: end) {}
        now = max(now, end)
    }

    /// Runs every event of the next `duration`.
    package func run(for duration: Duration) { run(until: now + duration) }

    /// Runs until `condition` holds; false if it does not within `duration`.
    package func run(for duration: Duration, until condition: () -> Bool) -> Bool {
        let end = now + duration
        while !condition() {
            if !runNext(until: end) {
                now = max(now, end)
                return false
            }
        }
        return true
    }

    /// Ends a simulation: kills its cores, for calls in flight hold their transports, and forgets
    /// every event, for they hold what they belong to, and that holds the time.
    package func forgetAll() {
        for core in cores { core.core?.kill() }
        cores = []
        timers = TimerQueue()
    }

    /// A core that shares this time.
    func add(_ core: VirtualCore) { cores.append(WeakCore(core: core)) }

    private struct WeakCore {
        weak var core: VirtualCore?
    }

    /// Runs `body` as the work of `core`.
    func running<Result>(_ core: VirtualCore, _ body: () throws -> Result) rethrows -> Result {
        let outer = current
        current = core
        defer { current = outer }
        return try body()
    }
}
