import LehrCore
import Testing

@testable import LehrPlacement

@Suite struct AnnealerTests {
    @Test func withoutACoreThereIsNoPlan() {
        let problem = PlacementProblem(
            variables: [.init(name: "t", partitionBits: 2)],
            hosts: [.init(member: MemberIncarnation(1), coreCount: 0)])
        #expect(anneal(problem, steps: 100) == nil)
        for placer in PlainPlacer.allCases { #expect(placer.plan(problem) == nil) }
    }

    @Test func nothingToPlaceIsAPlan() {
        let problem = PlacementProblem(
            variables: [], hosts: [.init(member: MemberIncarnation(1), coreCount: 2)])
        #expect(anneal(problem, steps: 100)?.plan == PlacementPlan(homes: []))
        #expect(LowerBound.worstLoad(problem) == 0)
    }

    /// Whatever the problem: every partition has a home that exists, memory is kept to where a plain
    /// placer can, no more moves than may where what is placed fits as it is, the bound holds.
    @Test func hardLimitsHold() throws {
        var (fitting, bounded) = (0, 0)
        for seed in 1...150 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let problem = PlacementProblem.random(&random)
            let outcome = try #require(anneal(problem, steps: 3000, seed: seed))
            let audit = Audit(outcome.plan, of: problem)
            let wrong = audit.problems.filter { !$0.contains("of its memory") }
            #expect(wrong.isEmpty, "seed \(seed): \(wrong)")
            let greedy = Audit(try #require(GreedyPlacer().plan(problem)), of: problem)
            if greedy.problems.isEmpty {
                #expect(audit.problems.isEmpty, "seed \(seed): \(audit.problems)")
                fitting += 1
            }
            let grid = Grid(problem.hosts)
            let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
            let kept = GreedyPlacer.complete(pieces.coresBefore, pieces, grid)
            if let most = problem.movedBytesMax,
                Audit(pieces.plan(kept), of: problem).problems.isEmpty
            {
                let least = max(most, problem.leastMovedBytes)
                #expect(audit.movedBytes <= least * (1 + 1e-9), "seed \(seed)")
                bounded += 1
            }
            #expect(LowerBound.worstLoad(problem) <= audit.worst * (1 + 1e-9), "seed \(seed)")
            #expect(outcome.bound == LowerBound.worstLoad(problem))
        }
        #expect(fitting > 10 && bounded > 10)
    }

    /// Where nothing is placed yet, no plain placer has a lower worst load, nor, where tables are not
    /// cut finer, an even split a lower fan-out.
    @Test func neverWorseThanThePlainOnes() throws {
        for seed in 1...60 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let shape = PlacementInstance.Shape(
                shards: 2 + random.below(10), partitions: 10 + random.below(100),
                cores: 1 + random.below(3), isMixed: seed % 2 == 0, splits: random.below(3))
            let problem = PlacementInstance(shape, seed: seed).problem
            let outcome = try #require(anneal(problem, steps: 5000, seed: seed))
            let audit = Audit(outcome.plan, of: problem)
            for placer in PlainPlacer.allCases {
                #expect(outcome.plain[placer] == placer.plan(problem))
                let other = Audit(try #require(placer.plan(problem)), of: problem)
                guard other.problems.isEmpty else { continue }
                #expect(audit.problems.isEmpty, "seed \(seed)")
                #expect(audit.worst <= other.worst * (1 + 1e-9), "seed \(seed): \(placer)")
            }
            guard shape.splits == 0 else { continue }
            let even = Audit(try #require(EvenSplitPlacer().plan(problem)), of: problem)
            #expect(audit.fanOut <= even.fanOut * (1 + 1e-9), "seed \(seed)")
        }
    }

    @Test func theSameSeedGivesTheSamePlan() {
        let problem = PlacementInstance(
            .init(shards: 6, partitions: 100, cores: 2, isMixed: true, splits: 2), seed: 7
        ).problem
        let first = anneal(problem, steps: 20_000, seed: 3)
        #expect(first?.plan == anneal(problem, steps: 20_000, seed: 3)?.plan)
        #expect(first?.isCutShort == false)
    }

    /// Against every placement that there is.
    @Test func smallProblemsAreSolved() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let problem = PlacementInstance(.init(shards: 3, partitions: 7), seed: seed).problem
            let outcome = try #require(anneal(problem, steps: 20_000))
            var least = Double.infinity
            let homes = problem.homes
            for number in 0..<2187 {  // 3^7
                var rest = number
                let plan = PlacementPlan(
                    homes: problem.variables.map { variable in
                        variable.loads.map { _ in
                            defer { rest /= 3 }
                            return homes[rest % 3]
                        }
                    })
                let audit = Audit(plan, of: problem)
                if audit.problems.isEmpty { least = min(least, audit.worst) }
            }
            guard least.isFinite else { continue }
            let worst = Audit(outcome.plan, of: problem).worst
            #expect(worst <= least * 1.001, "seed \(seed): \(worst), the least is \(least)")
            #expect(LowerBound.worstLoad(problem) <= least * (1 + 1e-9), "seed \(seed)")
        }
    }

    /// A table that is too coarse is cut, and only where it may be.
    @Test func tablesAreSplitWhereThatIsAllowed() throws {
        let host = { PlacementProblem.Host(member: MemberIncarnation($0), coreCount: 1) }
        func problem(_ cuts: ClosedRange<Int>) -> PlacementProblem {
            PlacementProblem(
                variables: [
                    .init(
                        name: "t", partitionBits: 0, cuts: cuts,
                        loads: [Load(cpu: 1, memory: 0, network: 0)])
                ], hosts: [host(1), host(2)])
        }
        let whole = try #require(anneal(problem(0...0), steps: 2000))
        #expect(whole.plan.homes.map(\.count) == [1])
        let split = try #require(anneal(problem(0...1), steps: 2000))
        #expect(Set(split.plan.homes[0]).count == 2)
        #expect(Audit(split.plan, of: problem(0...1)).worst == 0.5)
    }

    /// Eight large partitions on four cores and a small one, half as large: with halves as with wholes
    /// some core has 2.5, with quarters 2.25, with eighths all have the same.
    @Test func tablesAreSplitAgainWhereOnceIsNotEnough() throws {
        let problem = PlacementProblem(
            variables: [
                .init(
                    name: "large", partitionBits: 3, cuts: 3...6,
                    loads: [Load](repeating: Load(cpu: 1, memory: 0, network: 0), count: 8)),
                .init(
                    name: "small", partitionBits: 0, loads: [Load(cpu: 0.5, memory: 0, network: 0)]),
            ],
            hosts: (1...4).map { .init(member: MemberIncarnation($0), coreCount: 1) })
        let outcome = try #require(anneal(problem, steps: 20_000))
        #expect(outcome.bound == 2.125)
        #expect(Audit(outcome.plan, of: problem).worst <= 2.125 * (1 + 1e-9))
    }

    /// Pairs of partitions on one core are joined where they may be.
    @Test func tablesAreMergedWhereNothingIsLost() throws {
        let problem = PlacementProblem(
            variables: [
                .init(
                    name: "t", partitionBits: 3, cuts: 1...3,
                    loads: [Load](repeating: Load(cpu: 0.1, memory: 0, network: 0), count: 8))
            ],
            hosts: (1...2).map { .init(member: MemberIncarnation($0), coreCount: 1) })
        let outcome = try #require(anneal(problem, steps: 5000))
        #expect(outcome.plan.homes[0].count == 2)
        #expect(Set(outcome.plan.homes[0]).count == 2)
    }

    @Test func aClockThatRunsOutEndsTheSearch() throws {
        let problem = PlacementInstance(.init(shards: 8, partitions: 200), seed: 1).problem
        let clock = CountingClock()
        var random = RandomSource(seed: 1)
        let outcome = try #require(
            Annealer(clock: clock).search(
                problem,
                budget: Annealer.Budget(steps: 1_000_000, time: .milliseconds(20)),
                random: &random))
        #expect(outcome.isCutShort)
        #expect(outcome.steps < 100_000)
        #expect(Audit(outcome.plan, of: problem).problems.isEmpty)
    }
}

extension AnnealerTests {
    /// What is made before the first step counts: a search with no time left makes none.
    @Test func timeRunsFromTheBeginning() throws {
        let problem = PlacementInstance(.init(shards: 8, partitions: 200), seed: 1).problem
        var random = RandomSource(seed: 1)
        let outcome = try #require(
            Annealer(clock: CountingClock()).search(
                problem, budget: Annealer.Budget(steps: 1_000_000, time: .milliseconds(1)),
                random: &random))
        #expect(outcome.isCutShort && outcome.steps == 0)
        #expect(outcome.plain.count == PlainPlacer.allCases.count)
    }
}

/// A millisecond later each time it is asked.
private final class CountingClock: MonotonicClock, @unchecked Sendable {
    private var milliseconds: UInt64 = 0

    var now: Instant {
        milliseconds += 1
        return Instant(nanoseconds: milliseconds * 1_000_000)
    }
}
