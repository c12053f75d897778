import LehrRPC

/// Does something once, just before the `count`-th message that matches arrives: a seeded moment in
/// the middle of a protocol.
package final class ArrivalTrigger {
    package private(set) var hasFired = false
    private var left: Int
    private let matches: (InMemoryNetwork.Arrival) -> Bool
    private let action: () -> Void

    init(
        count: Int, where matches: @escaping (InMemoryNetwork.Arrival) -> Bool,
        _ action: @escaping () -> Void
    ) {
        precondition(count > 0, "arrivals are counted from 1")
        left = count
        self.matches = matches
        self.action = action
    }

    func note(_ arrival: InMemoryNetwork.Arrival) {
        guard !hasFired, matches(arrival) else { return }
        left -= 1
        guard left == 0 else { return }
        hasFired = true
        action()
    }
}
