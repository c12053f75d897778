import Synchronization

/// Where the watcher leaves the current snapshot and requests pick it up.
///
/// A request holds the lock only to copy a reference; a model that was replaced is freed when the
/// last request that began with it has ended.
package final class ModelCatalog: Sendable {
    private let current = Mutex(ModelSnapshot())

    package init() {}

    package var snapshot: ModelSnapshot { current.withLock { $0 } }

    package func publish(_ snapshot: ModelSnapshot) {
        // The old snapshot is released outside the lock: freeing a model takes time.
        var snapshot = snapshot
        current.withLock { swap(&$0, &snapshot) }
    }
}
