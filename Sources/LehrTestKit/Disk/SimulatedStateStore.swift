package import LehrCoordinator

/// The coordinator's own store, on a simulated disk.
package final class SimulatedStateStore: StateStore {
    /// Closed before the way to the disk is gone.
    private var store: SQLiteStateStore?
    private let vfs: SimulatedVFS

    package init(
        _ vfs: SimulatedVFS, path: String, settings: SQLiteStateStore.Settings
    ) throws(StateStoreError) {
        self.vfs = vfs
        store = try SQLiteStateStore(path: path, vfs: vfs.name, settings: settings)
    }

    deinit { store = nil }

    package func load() throws(StateStoreError) -> DurableState {
        try open().load()
    }

    package func save(_ records: [StateRecord]) throws(StateStoreError) {
        try open().save(records)
    }

    private func open() throws(StateStoreError) -> SQLiteStateStore {
        guard let store else { throw StateStoreError("the simulated store is closed") }
        return store
    }
}
