/// Somebody who wants to see each new value, or the latest if they are slow.
package protocol Watcher<Value>: AnyObject {
    associatedtype Value
    /// Takes a value now, or returns false to be given the latest one later.
    func take(_ value: Value) -> Bool
    /// Ends the watch; `last` is a value to send before, slow or not.
    func finish(_ last: Value?)
    /// Set by the list: to be called when a slow watcher can take again, or has gone.
    var onReady: (() -> Void)? { get set }
    var onGone: (() -> Void)? { get set }
}

/// Everybody who watches one thing. A slow watcher costs no memory: it skips to the latest value.
final class WatcherList<Value> {
    private struct Watching {
        let watcher: any Watcher<Value>
        var isLate = false
    }

    private var watchers = SlotList<Watching>()
    private var latest: Value?

    /// False when there are too many.
    func add(_ watcher: any Watcher<Value>, first: Value) -> Bool {
        guard !watchers.isFull else { return false }
        let slot = watchers.insert(Watching(watcher: watcher))
        latest = first
        watcher.onReady = { [weak self] in
            guard let self, let watching = watchers[slot], watching.isLate, let latest else {
                return
            }
            let isLate = !watching.watcher.take(latest)
            watchers[slot]?.isLate = isLate
        }
        watcher.onGone = { [weak self, weak watcher] in
            // Another may have its place then.
            watcher?.onReady = nil
            watcher?.onGone = nil
            self?.watchers.remove(slot)
        }
        let isLate = !watcher.take(first)
        watchers[slot]?.isLate = isLate
        return true
    }

    func publish(_ value: Value) {
        latest = value
        for slot in watchers.slots {
            guard let watching = watchers[slot] else { continue }
            let isLate = !watching.watcher.take(value)
            watchers[slot]?.isLate = isLate
        }
    }

    /// Ends every watch, each with the latest value if it has not seen it.
    func finish() {
        let ended = watchers
        watchers = SlotList()
        for slot in ended.slots {
            guard let watching = ended[slot] else { continue }
            watching.watcher.finish(watching.isLate ? latest : nil)
        }
    }
}
