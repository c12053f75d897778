import LehrMembership

/// Where the coordinator's records live. Every write is durable when the call returns.
package protocol StateStore: AnyObject {
    func load() throws(StateStoreError) -> DurableState
    /// All of them or, after a crash, none.
    func save(_ records: [StateRecord]) throws(StateStoreError)
}

/// The state could not be read or written.
package struct StateStoreError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A store that lives as long as this object: for simulations and tests.
package final class MemoryStateStore: StateStore {
    private var records: [StateRecord.Key: StateRecord] = [:]

    package init() {}

    package func load() throws(StateStoreError) -> DurableState {
        var state = DurableState()
        for (_, record) in records.sorted(by: { $0.key < $1.key }) { state.append(record) }
        return state
    }

    package func save(_ saved: [StateRecord]) throws(StateStoreError) {
        for record in saved { records[record.key] = record.isRemoval ? nil : record }
    }
}
