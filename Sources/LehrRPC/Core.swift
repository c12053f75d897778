package import LehrCore

/// One thread of execution and what belongs to it: a reactor's thread, or a simulated one.
///
/// Everything that a role owns on a core is touched only from that core, run to completion, one
/// piece of work after another. So none of it is `Sendable`, and none of it needs a lock. What comes
/// from outside comes through the `mailbox`.
package protocol Core: AnyObject {
    /// Position among the cores of the process, from 0.
    var index: Int { get }
    var now: Instant { get }
    /// Whether the caller runs on this core.
    var isCurrent: Bool { get }
    var mailbox: any Mailbox { get }
    /// Runs `work` soon, after the current piece of work has ended.
    func post(_ work: @escaping () -> Void)
    /// Runs `work` once, not before `delay` has passed.
    func schedule(after delay: Duration, _ work: @escaping () -> Void) -> TimerID
    /// Forgets a timer; one that has fired or is unknown is ignored.
    func cancel(_ timer: TimerID)
}

/// Names a timer of one core.
package struct TimerID: Hashable, Sendable {
    package let value: UInt64

    package init(_ value: UInt64) { self.value = value }
}

/// The way into a core from other threads.
package protocol Mailbox: Sendable {
    /// Runs `work` on the core soon; false when the core has stopped or its bounded queue is full.
    @discardableResult
    func post(_ work: @escaping @Sendable () -> Void) -> Bool
}

/// A value that belongs to one core, in a wrapper that other threads may carry but not open.
package final class Confined<Value>: @unchecked Sendable {
    // Unchecked: `value` is reachable only through `withValue`, which insists on the right thread.
    private let core: any Core
    private let value: Value

    /// Call on `core`.
    package init(_ value: Value, to core: any Core) {
        precondition(core.isCurrent, "a value is confined to a core by that core")
        self.core = core
        self.value = value
    }

    /// Opens the value; a programmer error on any other thread.
    package func withValue<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
        precondition(core.isCurrent, "a confined value was opened on another core's thread")
        return try body(value)
    }
}
