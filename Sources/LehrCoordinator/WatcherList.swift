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
    private var watchers: [any Watcher<Value>] = []
    private var late: Set<ObjectIdentifier> = []
    private var latest: Value?

    static var watcherCountMax: Int { 50_000 }

    /// False when there are too many.
    func add(_ watcher: any Watcher<Value>, first: Value) -> Bool {
        guard watchers.count < Self.watcherCountMax else { return false }
        let id = ObjectIdentifier(watcher)
        latest = first
        watcher.onReady = { [weak self, weak watcher] in
            guard let self, let watcher, late.remove(id) != nil, let latest else { return }
            if !watcher.take(latest) { late.insert(id) }
        }
        watcher.onGone = { [weak self] in
            self?.late.remove(id)
            self?.watchers.removeAll { ObjectIdentifier($0) == id }
        }
        watchers.append(watcher)
        if !watcher.take(first) { late.insert(id) }
        return true
    }

    func publish(_ value: Value) {
        latest = value
        for watcher in watchers where !watcher.take(value) {
            late.insert(ObjectIdentifier(watcher))
        }
    }

    /// Ends every watch, each with the latest value if it has not seen it.
    func finish() {
        let ended = watchers
        watchers = []
        for watcher in ended {
            watcher.finish(late.contains(ObjectIdentifier(watcher)) ? latest : nil)
        }
        late = []
    }
}
