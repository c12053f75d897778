package import LehrCoordinator
import LehrCore

/// The coordinator's disk: a store whose commits can fail, be slow, or be cut short by the end of the
/// process or of the power.
///
/// A commit is written and then synced. What was written outlives the process; what was synced
/// outlives the power as well. A transaction that is torn in the middle is dropped as a whole at the
/// next start, which is SQLite's part and tested there.
package final class SimulatedDisk: StateStore {
    package enum Mishap: Sendable {
        /// No room: nothing of the commit is kept.
        case full
        /// The process ends before anything is written.
        case endsBefore
        /// The power goes before the commit is synced.
        case losesPower
        /// The process ends when the commit is durable, before anybody hears of it.
        case endsAfter
        /// The commit takes this long.
        case slow(Duration)
    }

    /// Whether commits are synced at all; false only to see what the simulator finds then.
    package var isSyncing = true
    /// What happens to the next commit.
    package var nextMishap: Mishap?
    /// Commits so far.
    package private(set) var commitCount = 0
    var onEnd: (() -> Void)?
    var onSlow: ((Duration) -> Void)?
    private var written = MemoryStateStore()
    private var synced = MemoryStateStore()
    private var unsynced: [[StateRecord]] = []

    package init() {}

    package func load() throws(StateStoreError) -> DurableState { try written.load() }

    package func save(_ records: [StateRecord]) throws(StateStoreError) {
        commitCount += 1
        switch nextMishap.take() {
        case .full: throw StateStoreError("the simulated disk is full")
        case .endsBefore:
            onEnd?()
            throw StateStoreError("the process has ended")
        case .losesPower:
            try written.save(records)
            unsynced.append(records)
            try losePower()
            onEnd?()
            throw StateStoreError("the power has gone")
        case .endsAfter:
            try commit(records)
            onEnd?()
        case .slow(let duration):
            try commit(records)
            onSlow?(duration)
        case nil: try commit(records)
        }
    }

    private func commit(_ records: [StateRecord]) throws(StateStoreError) {
        try written.save(records)
        unsynced.append(records)
        guard isSyncing else { return }
        for records in unsynced { try synced.save(records) }
        unsynced = []
    }

    /// What was not synced is gone.
    private func losePower() throws(StateStoreError) {
        unsynced = []
        written = MemoryStateStore()
        try written.save(try synced.load().records)
    }
}
