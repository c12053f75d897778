import LehrMembership
import LehrTable
import Logging
import Synchronization

/// What one core has to be told, kept until it has taken it: of leases and maps only the latest count.
struct CoreNews: Sendable {
    /// The lease of the process; nil: it has none.
    var lease: HeldLease?
    /// The latest map that the core has not taken yet.
    var map: ClusterMap?
    /// The process is about to give its lease back.
    var isClosing = false

    func apply(to shard: ShardCore, _ logger: Logger) {
        if isClosing { shard.close() }
        if let lease { shard.holds(lease) } else { shard.lost() }
        guard let map else { return }
        do throws(TableSpecError) {
            try shard.adopt(map)
        } catch {
            logger.error("a table cannot be made", metadata: ["reason": "\(error)"])
        }
    }
}

/// Where news waits for a core: one place, which never fills up, so that a core that is busy misses
/// nothing and catches up with the latest at once.
final class CoreNewsSlot: Sendable {
    private struct State {
        var news = CoreNews()
        /// Whether the core has mail that will take the news.
        var isAnnounced = false
    }

    private let state = Mutex(State())

    /// Changes what is waiting; true when the core has to be sent mail.
    func put(_ change: (inout CoreNews) -> Void) -> Bool {
        state.withLock { state in
            change(&state.news)
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
    }

    /// The core's mailbox was full.
    func wasNotAnnounced() { state.withLock { $0.isAnnounced = false } }

    func take() -> CoreNews {
        state.withLock { state in
            defer {
                state.news.map = nil
                state.isAnnounced = false
            }
            return state.news
        }
    }
}
