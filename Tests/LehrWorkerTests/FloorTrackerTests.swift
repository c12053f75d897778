import LehrCore
import LehrWorker
import Testing

@Suite struct FloorTrackerTests {
    @Test func theFloorWaitsForTheBatchesBelow() {
        var tracker = FloorTracker(floor: 3)
        tracker.settle(4)
        tracker.settle(6)
        #expect(tracker.floor == 3)
        tracker.settle(3)
        #expect(tracker.floor == 5)
        tracker.settle(5)
        #expect(tracker.floor == 7)
    }

    @Test func whatIsBelowTheFloorChangesNothing() {
        var tracker = FloorTracker(floor: 3)
        for batch in 0..<3 as Range<UInt64> { tracker.settle(batch) }
        #expect(tracker == FloorTracker(floor: 3))
        tracker.settle(3)
        tracker.settle(3)
        #expect(tracker == FloorTracker(floor: 4))
    }

    @Test func anyOrderEndsAtTheEnd() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let first = UInt64(random.below(10))
            let batches = Array(first..<first + UInt64(1 + random.below(60)))
            var tracker = FloorTracker(floor: first)
            var settled: Set<UInt64> = []
            for batch in batches.shuffled(using: &random) {
                tracker.settle(batch)
                settled.insert(batch)
                let expected = batches.first { !settled.contains($0) }
                #expect(tracker.floor == expected ?? first + UInt64(batches.count))
            }
        }
    }
}
