import LehrCore
import Testing

@testable import LehrTable

/// What a push counts for keys that are refused and tried again.
@Suite struct RetryCountTests {
    private func partition(_ policy: LimitPolicy) throws -> TablePartition {
        var spec = TableSpec.sample(dimension: 1, initializer: .constant(0), rate: 1)
        spec.optimizer.notANumber = .clip
        spec.storage.atLimit = policy
        return try TablePartition(
            spec: spec, range: wholeRange, limits: PartitionLimits(rows: 100))
    }

    private func fill(_ partition: TablePartition) {
        let old = (0..<100).map { UInt64($0) }
        partition.push(old, [Float](repeating: 1, count: 100), shows: old.map { _ in 0 })
    }

    /// FAILS: the counts of a refused key are counted as clipped when it is refused, and again when it
    /// is tried again.
    @Test func countsClippedForARetriedKeyAreCountedOnce() throws {
        let partition = try partition(.retire)
        fill(partition)
        let outcome = partition.push([1000], [1], shows: [.infinity])
        #expect(outcome.applied == 1 && outcome.created == 1 && outcome.refusedAtLimit == 0)
        #expect(outcome.clipped == 1)
        #expect(partition.counters.clipped == 1)
    }

    /// FAILS: "made so and applied" (`PushOutcome.clipped`), but nothing was applied.
    @Test func countsOfARefusedKeyAreNotClipped() throws {
        let partition = try partition(.refuse)
        fill(partition)
        let outcome = partition.push([1000], [1], shows: [.infinity])
        #expect(outcome.applied == 0 && outcome.refusedAtLimit == 1)
        #expect(outcome.clipped == 0)
    }
}
