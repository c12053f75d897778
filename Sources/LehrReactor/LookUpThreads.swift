import Synchronization

/// The few threads of a process on which names are looked up, for as long as there are any to look up.
///
/// A name server that does not answer holds a thread for the resolver's own timeout, and nothing can
/// end that sooner; so the threads are bounded, and so is what waits for them.
enum LookUpThreads {
    private struct State {
        var threadCount = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private static let state = Mutex(State())
    private static let threadsMax = 4
    private static let waitingMax = 256

    /// Runs `work` on one of the threads; false: too much waits for them, or there are none.
    static func run(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, needsThread) = state.withLock { state in
            guard state.waiting.count < waitingMax else { return (false, false) }
            state.waiting.append(work)
            guard state.threadCount < threadsMax else { return (true, false) }
            state.threadCount += 1
            return (true, true)
        }
        guard needsThread, !start() else { return isTaken }
        // Other threads may yet come to it.
        return state.withLock { state in
            state.threadCount -= 1
            if state.threadCount == 0 { state.waiting = [] }
            return state.threadCount > 0
        }
    }

    private static func start() -> Bool {
        DetachedThread.start(named: "lehr-look-up") {
            while let work = LookUpThreads.next() { work() }
        }
    }

    /// The next piece of work; nil: the thread ends.
    private static func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.threadCount -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
