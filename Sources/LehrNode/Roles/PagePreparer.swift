import Dispatch
import LehrReactor
import LehrTable
import Synchronization

/// A thread that touches huge pages ahead for the cores of a shard, which would wait for the system
/// to clear them.
///
/// It sleeps until a core has asked for pages; a core that asks makes at most one system call. It
/// serves until `stop`; a pool that goes away meanwhile closes its end by itself.
final class PagePreparer: Sendable {
    private struct State {
        var pools: [PreparedPages] = []
        var isStopping = false
    }

    private let state = Mutex(State())
    private let requests = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)

    init() {
        let isStarted = DetachedThread.start(named: "lehr-pages") { [self] in run() }
        precondition(isStarted, "a process that has just begun has a thread left")
    }

    /// Touches what `pool` asks for from now on; call on the pool's core.
    func serve(_ pool: BlockPool) {
        state.withLock { [pages = pool.prepared] in $0.pools.append(pages) }
        pool.onRequest = { [requests] in requests.signal() }
        pool.startPreparing()
    }

    /// Ends the thread and waits for it: for the page that it touches just now.
    func stop() {
        state.withLock { $0.isStopping = true }
        requests.signal()
        end.wait()
    }

    private func run() {
        while true {
            requests.wait()
            let (pools, isStopping) = state.withLock { ($0.pools, $0.isStopping) }
            if isStopping { break }
            for pool in pools { _ = pool.touchRequested() }
        }
        end.signal()
    }
}
