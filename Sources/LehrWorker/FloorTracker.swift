/// Which batches of a part are settled: the floor, and those above it. Pure.
package struct FloorTracker: Hashable, Sendable {
    /// Every batch below this is settled.
    package private(set) var floor: UInt64
    private var above: Set<UInt64> = []

    package init(floor: UInt64) { self.floor = floor }

    package mutating func settle(_ batch: UInt64) {
        guard batch >= floor else { return }
        above.insert(batch)
        while above.remove(floor) != nil { floor += 1 }
    }
}
