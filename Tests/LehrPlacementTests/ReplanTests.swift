import LehrCore
import Testing

@testable import LehrPlacement

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

    /// A full core beside an empty one, and a small table that is lost: it alone has to move, but the
    /// plan does not stop there while memory overflows.
    private var overfull: PlacementProblem {
        let home = Home(member: MemberIncarnation(1), core: 0)
        let half = Load(cpu: 0.1, memory: 0.6, network: 0)
        var problem = PlacementProblem(
            variables: [
                .init(name: "x", partitionBits: 1, loads: [half, half], current: [home, home]),
                .init(
                    name: "lost", partitionBits: 0, loads: [Load(cpu: 0, memory: 0.01, network: 0)],
                    current: [nil]),
            ],
            hosts: (1...2).map {
                .init(
                    member: MemberIncarnation($0), coreCount: 1,
                    capacity: Load(cpu: 1, memory: 1, network: 1))
            })
        problem.movedBytesMax = 1.3 * problem.leastMovedBytes
        return problem
    }

    @Test func whatDoesNotFitMovesWhateverMay() throws {
        let outcome = try #require(anneal(overfull, steps: 2000))
        let audit = Audit(outcome.plan, of: overfull)
        #expect(audit.problems.isEmpty, "\(audit.problems)")
        #expect(audit.movedBytes == 0.6 + 0.01)
    }

    /// The same of the walk alone, from where nothing is relieved and no ceiling allows what it takes.
    @Test func aWalkRelievesMemoryFirst() {
        let grid = Grid(overfull.hosts)
        let pieces = Pieces(overfull, bits: [1, 0])
        let weights = PlacementCost.Weights()
        let ceilings = AnnealingWalk.Ceilings(worst: 0, fanOut: 0, movedBytes: 0.013)
        let state = SearchState(pieces, grid, cores: [0, 0, 1])
        #expect(state.overflow > 0.1)
        var walk = AnnealingWalk(
            state, weights: weights, ceilings: ceilings, random: RandomSource(seed: 1))
        for _ in 0..<1000 { walk.step(1e-9) }
        walk.returnToBest()
        #expect(walk.state.overflow < 1e-12)
        #expect(walk.state.cost.isCheaper(than: state.cost, weights))
        #expect(!state.cost.isCheaper(than: walk.state.cost, weights))
    }

    /// No more is taken off a core than is enough.
    @Test func whatIsTakenOffAFullCore() {
        let loads = [0.1, 0.3, 0.5, 0.7].map { Load(cpu: 0, memory: $0, network: 0) }
        let home = Home(member: MemberIncarnation(1), core: 0)
        func relieved(_ capacity: Double) -> [Int32] {
            let problem = PlacementProblem(
                variables: [
                    .init(
                        name: "t", partitionBits: 2, loads: loads,
                        current: [Home?](repeating: home, count: 4))
                ],
                hosts: [
                    .init(
                        member: home.member, coreCount: 1,
                        capacity: Load(cpu: 1, memory: capacity, network: 1))
                ])
            let pieces = Pieces(problem, bits: [2])
            return GreedyPlacer.relieved(pieces.coresBefore, pieces, Grid(problem.hosts))
        }
        #expect(relieved(1.6) == [0, 0, 0, 0])
        #expect(relieved(1.4) == [0, -1, 0, 0])
        #expect(relieved(0.7) == [0, -1, 0, -1])
        #expect(relieved(0.01) == [-1, -1, -1, -1])
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

    /// Moves between cores of one shard, and of what has no bytes, cost none, but are moves.
    @Test(arguments: 1...5 as ClosedRange<UInt64>) func onlyWhatGainsSomethingMoves(
        seed: UInt64
    ) throws {
        let hosts = (1...2).map {
            PlacementProblem.Host(member: MemberIncarnation(UInt64($0)), coreCount: 2)
        }
        func home(_ core: Int) -> Home {
            Home(member: hosts[core / 2].member, core: UInt32(core % 2))
        }
        func table(_ name: String, cpu: Double, _ homes: [Home]) -> PlacementProblem.Variable {
            PlacementProblem.Variable(
                name: name, partitionBits: homes.count.trailingZeroBitCount,
                loads: homes.map { _ in Load(cpu: cpu, memory: 0, network: 0) }, current: homes)
        }
        // 11 on one core and 7 on each of the others.
        let homes = (0..<32).map { home($0 < 28 ? $0 % 4 : 0) }
        let problem = PlacementProblem(
            variables: [
                table("uneven", cpu: 0.1, homes),
                table("weightless", cpu: 0, (0..<16).map { home($0 % 4) }),
            ], hosts: hosts)
        let again = try #require(anneal(problem, steps: 20_000, seed: seed))
        let moved = zip(problem.variables, again.plan.homes).map { before, after in
            zip(before.current, after).count { $0 != $1 }
        }
        #expect(Audit(again.plan, of: problem).worst < 0.81)
        #expect(moved == [3, 0])
    }
}
