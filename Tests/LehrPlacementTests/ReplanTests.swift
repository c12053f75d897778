import LehrCore
import LehrPlacement
import Testing

@Suite struct ReplanTests {
    /// When a shard is lost and another doubled, little more moves than has to.
    @Test func littleMovesAfterAChange() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let before = PlacementInstance(
                .init(shards: 6, partitions: 96, cores: 2, isMixed: seed % 2 == 0), seed: seed)
            let placed = try #require(anneal(before.problem, steps: 10_000))
            let changed = before.changed(after: placed.plan).problem
            let outcome = try #require(anneal(changed, steps: 10_000))
            let audit = Audit(outcome.plan, of: changed)
            #expect(audit.problems.isEmpty, "seed \(seed): \(audit.problems)")
            #expect(audit.movedBytes >= changed.leastMovedBytes * (1 - 1e-9), "seed \(seed)")
            #expect(audit.movedBytes <= 1.3 * changed.leastMovedBytes * (1 + 1e-9), "seed \(seed)")
        }
    }

    /// What is well placed stays.
    @Test func aGoodPlacementIsLeftAlone() throws {
        let instance = PlacementInstance(.init(shards: 5, partitions: 60), seed: 3)
        let placed = try #require(anneal(instance.problem, steps: 30_000))
        var problem = instance.problem
        for index in problem.variables.indices {
            problem.variables[index].current = placed.plan.homes[index]
        }
        let again = try #require(anneal(problem, steps: 10_000, seed: 2))
        let audit = Audit(again.plan, of: problem)
        #expect(audit.movedBytes <= 0.02 * audit.bytes)
    }
}
