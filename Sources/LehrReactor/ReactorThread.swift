import CLinux
import Glibc
import LehrRPC
import Synchronization

/// A reactor on a thread of its own, and the way to it from other threads.
package final class ReactorThread: Sendable {
    package let mailbox: ReactorMailbox
    private let thread: pthread_t
    private let isJoined = Mutex(false)

    /// Starts the thread `name` (15 bytes are kept), which runs `setUp` and then the reactor.
    package init(
        index: Int = 0, name: String, plan: PollPlan = .blocking,
        _ setUp: @escaping @Sendable (Reactor) -> Void
    ) throws(SystemError) {
        let reactor = try Reactor(index: index, plan: plan)
        guard let mailbox = reactor.mailbox as? ReactorMailbox else {
            preconditionFailure("a reactor has a reactor's mailbox")
        }
        self.mailbox = mailbox
        let start = Unmanaged.passRetained(Start(reactor, String(name.prefix(15)), setUp))
        var thread = pthread_t()
        let cause = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, start.toOpaque())
        guard cause == 0 else {
            start.release()
            throw SystemError("start the thread \(name)", cause)
        }
        self.thread = thread
    }

    /// Asks the reactor to end after its present turn.
    package func stop() { mailbox.stop() }

    /// Waits for the thread's end; once.
    package func join() {
        let isFirst = isJoined.withLock { isJoined in
            defer { isJoined = true }
            return !isJoined
        }
        if isFirst { pthread_join(thread, nil) }
    }

    private final class Start {
        private let reactor: Reactor
        private let name: String
        private let setUp: (Reactor) -> Void

        init(_ reactor: Reactor, _ name: String, _ setUp: @escaping (Reactor) -> Void) {
            self.reactor = reactor
            self.name = name
            self.setUp = setUp
        }

        func run() {
            _ = lehr_set_thread_name(pthread_self(), name)
            reactor.post { [setUp, unowned reactor] in setUp(reactor) }
            reactor.run()
        }
    }
}
