import LehrCore
import LehrPlacement
import Testing

@Suite struct EvenSplitPlacerTests {
    private func problem(bits: [Int], cores: [Int]) -> PlacementProblem {
        PlacementProblem(
            variables: bits.map { .init(name: "t", partitionBits: $0) },
            hosts: cores.enumerated().map {
                .init(member: MemberIncarnation(UInt64($0.offset + 1)), coreCount: $0.element)
            })
    }

    @Test func withoutACoreThereIsNoPlan() {
        #expect(EvenSplitPlacer().plan(problem(bits: [2], cores: [])) == nil)
        #expect(EvenSplitPlacer().plan(problem(bits: [2], cores: [0, 0])) == nil)
    }

    @Test func neighboursAreOnDifferentShards() throws {
        let plan = try #require(EvenSplitPlacer().plan(problem(bits: [3], cores: [2, 2])))
        #expect(plan.homes[0].map(\.member.value) == [1, 2, 1, 2, 1, 2, 1, 2])
        #expect(plan.homes[0].map(\.core) == [0, 0, 1, 1, 0, 0, 1, 1])
    }

    @Test func smallTablesDoNotAllLandOnTheFirstCore() throws {
        let plan = try #require(
            EvenSplitPlacer().plan(problem(bits: [0, 0, 0, 0, 0], cores: [2, 2])))
        #expect(plan.homes.allSatisfy { $0.count == 1 })
        #expect(Set(plan.homes.flatMap { $0 }).count == 4)
        #expect(plan.homes[4] == plan.homes[0])
    }

    /// Every partition has a home that exists, and no core has more than one partition over another.
    @Test func everyProblemIsDealtEvenly() throws {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let cores = (0..<1 + random.below(6)).map { _ in random.below(5) }
            let bits = (0..<random.below(6)).map { _ in random.below(7) }
            let problem = problem(bits: bits, cores: cores)
            guard cores.contains(where: { $0 > 0 }) else {
                #expect(EvenSplitPlacer().plan(problem) == nil)
                continue
            }
            let plan = try #require(EvenSplitPlacer().plan(problem))
            #expect(plan.homes.map(\.count) == bits.map { 1 << $0 })
            var loads: [Home: Int] = [:]
            for home in plan.homes.flatMap({ $0 }) {
                #expect(Int(home.core) < cores[Int(home.member.value) - 1])
                loads[home, default: 0] += 1
            }
            let total = cores.reduce(0, +)
            let most = loads.values.max() ?? 0
            let least = loads.count < total ? 0 : loads.values.min() ?? 0
            #expect(most - least <= 1, "seed \(seed)")
            #expect(EvenSplitPlacer().plan(problem) == plan)
        }
    }
}
