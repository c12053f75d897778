package import LehrCore

/// A simulated core: one of many that share a `VirtualTime`, each with its own work.
package final class VirtualCore: Core {
    package let index: Int
    package let time: VirtualTime
    /// False after `kill`: nothing runs on it again.
    package private(set) var isAlive = true
    private var onKill: [() -> Void] = []
    private let inbox: VirtualMailbox

    package init(index: Int = 0, on time: VirtualTime) {
        self.index = index
        self.time = time
        inbox = VirtualMailbox()
        inbox.core = self
        time.add(self)
    }

    package var now: Instant { time.now }
    package var isCurrent: Bool { time.current === self }
    package var mailbox: any Mailbox { inbox }

    package func post(_ work: @escaping () -> Void) {
        time.schedule(at: time.now) { self.perform(work) }
    }

    package func schedule(after delay: Duration, _ work: @escaping () -> Void) -> TimerID {
        time.schedule(at: time.now + max(delay, .zero)) { self.perform(work) }
    }

    package func cancel(_ timer: TimerID) { time.cancel(timer) }

    /// Runs `work` on this core now, as a test or a simulator starts it; nothing if it is dead.
    package func perform(_ work: () -> Void) {
        guard isAlive else { return }
        time.running(self, work)
    }

    /// Stops the core for ever, as `kill -9` does: nothing that it was about to do happens.
    package func kill() {
        guard isAlive else { return }
        isAlive = false
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
