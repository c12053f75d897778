import CLinux
import Glibc
package import LehrCore
package import LehrRPC

/// What is called once at the end of each turn in which it asked for it.
package protocol TurnEnd: AnyObject {
    func endOfTurn()
}

/// One thread that waits for sockets, timers and mail, and runs what they bring to completion.
///
/// A turn is: events of sockets, due timers, mail, posted work, and then the `TurnEnd`s, which is
/// where transports write, so that a turn costs one system call a connection. Work must not block.
package final class Reactor: Core {
    package let index: Int
    private let box: ReactorMailbox
    private var poller: Poller
    private var timers: TimerWheel
    private var posted: [() -> Void] = []
    private var running: [() -> Void] = []
    private var turnEnds: [any TurnEnd] = []
    private var ending: [any TurnEnd] = []
    private let mode: PollMode
    private let processor: Int?
    private var spin = SpinBudget()
    private var owner = pthread_self()
    private let clock = SystemClock()
    /// Memory that a socket is read into, for use within one call.
    package let readBuffer: UnsafeMutableRawBufferPointer

    /// 64 KiB beats larger buffers, which fall out of the cache.
    private static let readBufferSize = 64 << 10

    /// `plan` says how it waits, and where.
    package init(index: Int = 0, plan: PollPlan = .blocking) throws(SystemError) {
        self.index = index
        mode = plan.mode
        processor = index < plan.processors.count ? plan.processors[index] : nil
        timers = TimerWheel(at: clock.now)
        poller = try Poller()
        box = ReactorMailbox(wakeup: poller.wakeup)
        readBuffer = .allocate(byteCount: Self.readBufferSize, alignment: 64)
    }

    deinit {
        box.close()
        poller.closeAll()
        readBuffer.deallocate()
    }

    package var now: Instant { clock.now }
    /// The thread that made the reactor until `run`, then the thread that runs it.
    package var isCurrent: Bool { pthread_equal(owner, pthread_self()) != 0 }
    package var mailbox: any Mailbox { box }

    package func post(_ work: @escaping () -> Void) { posted.append(work) }

    package func schedule(after delay: Duration, _ work: @escaping () -> Void) -> TimerID {
        schedule(at: now + max(delay, .zero), work)
    }

    /// As `schedule(after:)`, for who has read the clock already.
    package func schedule(at time: Instant, _ work: @escaping () -> Void) -> TimerID {
        timers.schedule(at: time, work)
    }

    package func cancel(_ timer: TimerID) { _ = timers.cancel(timer) }

    /// Timers that are set.
    package var timerCount: Int { timers.count }

    /// Calls `target` at the end of this turn.
    package func atEndOfTurn(_ target: any TurnEnd) { turnEnds.append(target) }

    /// Tells `target` whenever `descriptor` becomes readable or writable.
    package func watch(
        _ descriptor: Int32, _ target: any PollTarget
    ) throws(SystemError) -> PollToken {
        try poller.add(descriptor, target)
    }

    /// Forgets a descriptor; call before it is closed.
    package func unwatch(_ token: PollToken) { _ = poller.remove(token) }

    /// Ends `run` after the present turn; from any thread through `ReactorMailbox.stop` as well.
    package func stop() { box.stop() }

    /// Runs on the calling thread until `stop`; once. Afterwards the reactor holds on to nothing.
    package func run() {
        owner = pthread_self()
        if let processor { _ = ProcessorShare.pin(to: processor) }
        while true {
            let (works, isStopping) = box.take()
            for work in works { work() }
            runPosted()
            runTurnEnds()
            if isStopping { break }
            runTimers()
            runEvents(waitForEvents())
        }
        box.close()
        forgetAll()
    }

    /// Lets go of what waits: it holds the reactor's users, and they the reactor.
    private func forgetAll() {
        // They go when nothing of the reactor is being changed: they may call it on their way.
        let rest = (posted, turnEnds, timers, poller.forgetAll())
        posted = []
        turnEnds = []
        timers = TimerWheel(at: now)
        withExtendedLifetime(rest) {}
    }

    /// Waits as the mode says, and returns the number of events.
    private func waitForEvents() -> Int {
        guard posted.isEmpty, turnEnds.isEmpty else { return poller.wait(milliseconds: 0) }
        switch mode {
        case .block: return poller.wait(milliseconds: patience())
        case .busy: return poller.wait(milliseconds: 0)
        case .adaptive: return spinAndWait()
        }
    }

    private func spinAndWait() -> Int {
        let start = now
        if spin.nanoseconds > 0 {
            var end = start + .nanoseconds(spin.nanoseconds)
            if let next = timers.nextTime { end = min(end, next) }
            repeat {
                let count = poller.wait(milliseconds: 0)
                guard count == 0, !box.hasMail else {
                    spin.paid()
                    return count
                }
            } while now < end
        }
        let asleep = now
        let count = poller.wait(milliseconds: patience())
        spin.slept(for: (now - asleep).nanoseconds)
        return count
    }

    /// How long to sleep: 0 while there is mail, -1 for ever.
    private func patience() -> Int32 {
        guard box.prepareToSleep() else { return 0 }
        guard let next = timers.nextTime else { return -1 }
        let nanoseconds = (next - now).nanoseconds
        // Rounded up: waking before the time would only mean to wait again.
        return Int32(clamping: (max(nanoseconds, 0) + 999_999) / 1_000_000)
    }

    private func runEvents(_ count: Int) {
        for index in 0..<count {
            if let (target, readiness) = poller.take(index) { target.ready(readiness) }
        }
    }

    private func runTimers() {
        // Timers set by these wait for the next turn, so that no chain of them starves the sockets.
        guard timers.count > 0 else { return }
        let now = self.now
        while let work = timers.takeDue(at: now) { work() }
    }

    /// Runs what was posted before this call; what that posts waits for the next turn.
    private func runPosted() {
        guard !posted.isEmpty else { return }
        swap(&running, &posted)
        for work in running { work() }
        running.removeAll(keepingCapacity: true)
    }

    private func runTurnEnds() {
        guard !turnEnds.isEmpty else { return }
        swap(&ending, &turnEnds)
        for target in ending { target.endOfTurn() }
        ending.removeAll(keepingCapacity: true)
    }
}
