import LehrCore
import Testing

@testable import LehrPlacement

@Suite struct SearchStateTests {
    /// After each of thousands of moves the cost is what it is when it is added up anew.
    @Test func incrementalCostIsTheRecomputedOne() {
        var moves = 0
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let problem = PlacementProblem.random(&random)
            let grid = Grid(problem.hosts)
            let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
            guard pieces.count > 0 else { continue }
            var state = SearchState(
                pieces, grid,
                cores: (0..<pieces.count).map { _ in Int32(random.below(grid.coreCount)) })
            for _ in 0..<200 {
                state.move(random.below(pieces.count), to: random.below(grid.coreCount))
                let anew = SearchState(pieces, grid, cores: state.cores)
                expectEqual(state.cost, anew.cost, seed)
                #expect(abs(state.movedBytes - anew.movedBytes) < 1e-6, "seed \(seed)")
                moves += 1
            }
            #expect(state.contents.joined().sorted() == (0..<Int32(pieces.count)).map { $0 })
        }
        #expect(moves > 5000)
    }

    private func expectEqual(_ left: PlacementCost, _ right: PlacementCost, _ seed: UInt64) {
        for term in [
            \PlacementCost.worst, \.excess, \.fanOut, \.moved, \.partitions, \.overflow,
        ] as [KeyPath<PlacementCost, Double>] {
            #expect(
                abs(left[keyPath: term] - right[keyPath: term]) < 1e-9, "seed \(seed): \(term)")
        }
    }

    /// The cost's terms are those that the audit, which shares no code with it, finds.
    @Test func costIsWhatTheAuditFinds() {
        for seed in 1...100 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let problem = PlacementProblem.random(&random)
            let grid = Grid(problem.hosts)
            let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
            guard pieces.count > 0 else { continue }
            let state = SearchState(
                pieces, grid,
                cores: (0..<pieces.count).map { _ in Int32(random.below(grid.coreCount)) })
            let audit = Audit(pieces.plan(state.cores), of: problem)
            #expect(abs(state.cost.worst * state.ideal - audit.worst) < 1e-9, "seed \(seed)")
            #expect(abs(state.movedBytes - audit.movedBytes) < 1e-6, "seed \(seed)")
            #expect((state.overflow > 0) == !audit.problems.isEmpty, "seed \(seed)")
            let visits = zip(problem.groups, problem.groupSizes).map { group, size in
                Double(audit.visits[group] ?? 0) / Double(min(size, grid.coreCount))
            }
            let fanOut = visits.reduce(0, +) / Double(visits.count)
            #expect(abs(state.fanOut - fanOut) < 1e-9, "seed \(seed)")
        }
    }

    @Test func theTreeKnowsTheLargestAndWhereItIs() {
        var random = RandomSource(seed: 5)
        for count in [1, 2, 3, 8, 13] {
            var tree = MaximumTree(count: count)
            var values = [Double](repeating: 0, count: count)
            for index in values.indices { tree.update(index, to: 0) }
            for _ in 0..<300 {
                let index = random.below(count)
                values[index] = Double(random.below(7))
                tree.update(index, to: values[index])
                #expect(tree.maximum == values.max())
                #expect(tree.hottest == values.firstIndex(of: tree.maximum))
            }
        }
    }
}

extension PlacementProblem {
    fileprivate var groups: [Int] { Set(variables.map(\.group)).sorted() }

    fileprivate var groupSizes: [Int] {
        groups.map { group in
            variables.filter { $0.group == group }.reduce(0) { $0 + $1.loads.count }
        }
    }
}
