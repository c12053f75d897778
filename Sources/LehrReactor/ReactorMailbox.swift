import Glibc
import LehrRPC
import Synchronization

/// The bounded queue through which other threads reach a reactor.
///
/// The eventfd is written only when the reactor sleeps, or is about to.
package final class ReactorMailbox: Mailbox {
    private struct State {
        var queue: [@Sendable () -> Void] = []
        var isSleeping = false
        var isStopping = false
        /// -1 once the reactor has ended.
        var wakeup: Int32
    }

    private let state: Mutex<State>
    /// Set with every change that the reactor has to see; for a look without the lock.
    private let isMarked = Atomic(false)

    /// Pieces of work waiting; the next is refused.
    private static let capacity = 65_536

    init(wakeup: Int32) { state = Mutex(State(wakeup: wakeup)) }

    @discardableResult
    package func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.wakeup >= 0, !state.isStopping, state.queue.count < Self.capacity else {
                return false
            }
            state.queue.append(work)
            isMarked.store(true, ordering: .releasing)
            wake(&state)
            return true
        }
    }

    /// Ends the reactor's run after its present turn.
    package func stop() {
        state.withLock { state in
            state.isStopping = true
            isMarked.store(true, ordering: .releasing)
            wake(&state)
        }
    }

    private func wake(_ state: inout State) {
        guard state.isSleeping, state.wakeup >= 0 else { return }
        state.isSleeping = false
        var one: UInt64 = 1
        // It cannot fail but by overflow, and then the reactor is awake.
        _ = write(state.wakeup, &one, MemoryLayout<UInt64>.size)
    }

    /// Whether `take` has something to give.
    var hasMail: Bool { isMarked.load(ordering: .acquiring) }

    /// Everything posted since the last call, in order, and whether to stop.
    func take() -> (works: [@Sendable () -> Void], isStopping: Bool) {
        state.withLock { state in
            state.isSleeping = false
            isMarked.store(false, ordering: .relaxed)
            guard !state.queue.isEmpty else { return ([], state.isStopping) }
            var works: [@Sendable () -> Void] = []
            swap(&works, &state.queue)
            return (works, state.isStopping)
        }
    }

    /// Announces a wait; false when there is something to do at once.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            guard state.queue.isEmpty, !state.isStopping else { return false }
            state.isSleeping = true
            return true
        }
    }

    /// Refuses everything from now on; what was waiting is let go.
    func close() {
        let rest = state.withLock { state in
            state.wakeup = -1
            var works: [@Sendable () -> Void] = []
            swap(&works, &state.queue)
            return works
        }
        withExtendedLifetime(rest) {}
    }
}
