package import LehrCore

/// A simulated core: one of many that share a `VirtualTime`, each with its own work.
package final class VirtualCore: Core {
    package let index: Int
    package let time: VirtualTime
    package let clock: VirtualClock
    /// False after `kill`: nothing runs on it again.
    package private(set) var isAlive = true
    package private(set) var isPaused = false
    /// What came while it was paused, in order; nil: cancelled since.
    private var backlog: [(timer: TimerID?, work: () -> Void)?] = []
    private var onKill: [() -> Void] = []
    private let inbox: VirtualMailbox

    package init(index: Int = 0, on time: VirtualTime, clock: VirtualClock = .exact) {
        self.index = index
        self.time = time
        self.clock = clock
        inbox = VirtualMailbox()
        inbox.core = self
        time.add(self)
    }

    package var now: Instant { clock.reading(at: time.now) }
    package var isCurrent: Bool { time.current === self }
    package var mailbox: any Mailbox { inbox }

    package func post(_ work: @escaping () -> Void) {
        time.schedule(at: time.now) { self.deliver(work) }
    }

    package func schedule(after delay: Duration, _ work: @escaping () -> Void) -> TimerID {
        var timer: TimerID?
        let scheduled = time.schedule(at: time.now + clock.span(of: max(delay, .zero))) {
            self.deliver(work, timer: timer)
        }
        timer = scheduled
        return scheduled
    }

    package func cancel(_ timer: TimerID) {
        time.cancel(timer)
        guard !backlog.isEmpty else { return }
        for index in backlog.indices where backlog[index]?.timer == timer { backlog[index] = nil }
    }

    /// Runs `work` on this core now, as a test or a simulator starts it; nothing if it is dead.
    package func perform(_ work: () -> Void) {
        guard isAlive else { return }
        time.running(self, work)
    }

    /// Runs `work` on this core now, or once it goes on if it is paused.
    func deliver(_ work: @escaping () -> Void, timer: TimerID? = nil) {
        guard isPaused else { return perform(work) }
        if isAlive { backlog.append((timer, work)) }
    }

    /// Stops the core for a while, as SIGSTOP does: what is sent to it and what it had planned waits
    /// for `resume`. What it has sent is on its way, and nobody notices.
    package func pause() { isPaused = isAlive }

    /// Lets the core go on with the state that it had, late in all that it does.
    package func resume() {
        guard isPaused else { return }
        isPaused = false
        var next = 0
        // What runs may pause the core again, or cancel what comes after it.
        while next < backlog.count, !isPaused, isAlive {
            let entry = backlog[next]
            backlog[next] = nil
            next += 1
            if let entry { perform(entry.work) }
        }
        backlog.removeFirst(min(next, backlog.count))
    }

    /// Stops the core for ever, as `kill -9` does: nothing that it was about to do happens.
    package func kill() {
        guard isAlive else { return }
        isAlive = false
        isPaused = false
        backlog = []
        let bereaved = onKill
        onKill = []
        for tell in bereaved { tell() }
    }

    /// Runs `tell` when the core is killed, in the order of registration.
    func whenKilled(_ tell: @escaping () -> Void) { onKill.append(tell) }
}

/// The way into a simulated core.
private final class VirtualMailbox: Mailbox, @unchecked Sendable {
    // Unchecked: everything simulated runs on the one thread of its `VirtualTime`.
    weak var core: VirtualCore?
    private var waiting = 0

    /// Pieces of work waiting; the next is refused.
    private static let capacity = 65_536

    func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard let core, core.isAlive, waiting < Self.capacity else { return false }
        waiting += 1
        core.post {
            self.waiting -= 1
            work()
        }
        return true
    }
}
