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
    private var timers = TimerQueue()
    private var posted: [() -> Void] = []
    private var turnEnds: [any TurnEnd] = []
    private var owner = pthread_self()
    private let clock = SystemClock()
    /// Memory that a socket is read into, for use within one call.
    package let readBuffer: UnsafeMutableRawBufferPointer

    /// 64 KiB beats larger buffers, which fall out of the cache.
    private static let readBufferSize = 64 << 10

    package init(index: Int = 0) throws(SystemError) {
        self.index = index
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
        timers.schedule(at: now + max(delay, .zero), work)
    }

    package func cancel(_ timer: TimerID) { timers.cancel(timer) }

    /// Calls `target` at the end of this turn.
    package func atEndOfTurn(_ target: any TurnEnd) { turnEnds.append(target) }

    /// Tells `target` whenever `descriptor` becomes readable or writable.
    package func watch(
        _ descriptor: Int32, _ target: any PollTarget
    ) throws(SystemError) -> PollToken {
        try poller.add(descriptor, target)
    }

    /// Forgets a descriptor; call before it is closed.
    package func unwatch(_ token: PollToken) { poller.remove(token) }

    /// Ends `run` after the present turn; from any thread through `ReactorMailbox.stop` as well.
    package func stop() { box.stop() }

    /// Runs on the calling thread until `stop`; once. Afterwards the reactor holds on to nothing.
    package func run() {
        owner = pthread_self()
        while true {
            let (works, isStopping) = box.take()
            for work in works { work() }
            runPosted()
            runTurnEnds()
            if isStopping { break }
            runTimers()
            runEvents(poller.wait(milliseconds: patience()))
        }
        box.close()
        // What waits holds the reactor's users, and they the reactor.
        posted = []
        turnEnds = []
        timers = TimerQueue()
        poller.forgetAll()
    }

    /// How long to wait for events: 0 while there is work, -1 for ever.
    private func patience() -> Int32 {
        guard posted.isEmpty, turnEnds.isEmpty, box.prepareToSleep() else { return 0 }
        guard let next = timers.nextTime() else { return -1 }
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
        guard let first = timers.nextTime() else { return }
        let now = self.now
        guard first <= now else { return }
        while let (_, work) = timers.takeDue(at: now) { work() }
    }

    /// Runs what was posted before this call; what that posts waits for the next turn.
    private func runPosted() {
        guard !posted.isEmpty else { return }
        var works: [() -> Void] = []
        swap(&works, &posted)
        for work in works { work() }
    }

    private func runTurnEnds() {
        guard !turnEnds.isEmpty else { return }
        var targets: [any TurnEnd] = []
        swap(&targets, &turnEnds)
        for target in targets { target.endOfTurn() }
    }
}
