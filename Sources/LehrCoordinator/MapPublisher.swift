import LehrCore
import LehrMembership
import LehrRPC

/// Everybody who watches the cluster map, and what they are told: all of it once, or what has changed
/// since the version that they know, then what changes, the first change at once and those that follow
/// closely together.
///
/// A slow watcher costs no memory: it skips to the latest version.
final class MapPublisher {
    private struct Watching {
        let watcher: any Watcher<MapMessage>
        let takesChanges: Bool
        /// What it knows; 0: nothing yet.
        var version: UInt64
        /// It was told where it is, be it that nothing has changed.
        var isWelcome = false
    }

    private let core: any Core
    private var watchers = SlotList<Watching>()
    private var journal: MapJournal
    /// The map as of the journal's version; nil while it is ahead, with what is not durable yet.
    private let durableMap: (_ version: UInt64) -> ClusterMap?
    private var pause: TimerID?
    /// Watchers are behind, and will be told after the pause.
    private var isBehind = false
    private var whole: MapMessage?
    /// Messages of changes up to the journal's version, by the version that they start from.
    private var messages: [UInt64: MapMessage] = [:]

    /// Between two publications: what telling a watcher costs, some times over, but never so long that
    /// it is noticed. A small cluster learns of everything at once.
    static func interval(watchers: Int) -> Duration {
        min(.microseconds(10) * watchers, .milliseconds(50))
    }

    init(
        core: any Core, version: UInt64, durableMap: @escaping (_ version: UInt64) -> ClusterMap?
    ) {
        self.core = core
        self.durableMap = durableMap
        journal = MapJournal(version: version)
    }

    /// Takes in a watcher and sends it the map, or what has changed since the version that it knows;
    /// false when there are too many.
    ///
    /// - Parameter known: of this cluster's map; 0: none. A later version than there is, as after the
    ///   loss of the coordinator's state, is none.
    func add(
        _ watcher: any Watcher<MapMessage>, takesChanges: Bool, known: UInt64 = 0
    ) -> Bool {
        guard !watchers.isFull else { return false }
        let isOfUse = takesChanges && known <= journal.version
        let slot = watchers.insert(
            Watching(
                watcher: watcher, takesChanges: takesChanges, version: isOfUse ? known : 0))
        watcher.onReady = { [weak self] in self?.update(slot) }
        watcher.onGone = { [weak self, weak watcher] in
            // Another may have its place then.
            watcher?.onReady = nil
            watcher?.onGone = nil
            self?.watchers.remove(slot)
        }
        update(slot)
        return true
    }

    /// The map has a new version, by decisions with these records, which are durable.
    func publish(_ records: [StateRecord], version: UInt64) {
        journal.note(records, version: version)
        messages = [:]
        guard pause == nil else {
            isBehind = true
            return
        }
        updateAll()
    }

    private func updateAll() {
        isBehind = false
        for slot in watchers.slots { update(slot) }
        pause = core.schedule(after: Self.interval(watchers: watchers.count)) { [weak self] in
            guard let self else { return }
            pause = nil
            if isBehind { updateAll() }
        }
    }

    /// Sends a watcher what it does not know, if it can take it.
    private func update(_ slot: Int) {
        while let watching = watchers[slot],
            watching.version < journal.version || !watching.isWelcome,
            let message = next(for: watching), watching.watcher.take(message)
        {
            watchers[slot]?.version = message.version
            watchers[slot]?.isWelcome = true
        }
    }

    private func next(for watching: Watching) -> MapMessage? {
        if watching.takesChanges, let message = change(since: watching.version) { return message }
        return wholeMap(mayBeOld: watching.takesChanges)
    }

    private func change(since base: UInt64) -> MapMessage? {
        if let known = messages[base] { return known }
        guard base > 0, let map = durableMap(journal.version),
            let count = journal.count(since: base),
            count <= map.members.count + map.tables.count,
            let change = journal.changes(since: base, in: map.cluster)
        else { return nil }
        let message = MapMessage(.change(change))
        messages[base] = message
        return message
    }

    /// All of the map; an old one, if it is less to send the changes behind it than to encode all anew.
    private func wholeMap(mayBeOld: Bool) -> MapMessage? {
        guard let map = durableMap(journal.version) else { return nil }
        if let whole {
            let age = journal.count(since: whole.version) ?? .max
            if age == 0 || mayBeOld && age <= map.members.count / 8 { return whole }
        }
        let message = MapMessage(.whole(map))
        whole = message
        return message
    }
}
