/// Where a search begins, and what its answer must keep to.
struct StartingPoint {
    let state: SearchState
    let ceilings: AnnealingWalk.Ceilings
    /// The fan-out of an even split of tables that are all cut as finely as they may be.
    let finestFanOut: Double

    let plain: [PlainPlacer: PlacementPlan]

    /// Nil when there is no core.
    init?(_ problem: PlacementProblem, _ weights: PlacementCost.Weights) {
        let grid = Grid(problem.hosts)
        guard grid.coreCount > 0 else { return nil }
        let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
        var plain: [PlainPlacer: PlacementPlan] = [:]
        for placer in PlainPlacer.allCases { plain[placer] = placer.plan(problem) }
        let placed = plain.mapValues {
            SearchState(pieces, grid, cores: pieces.cores(of: $0, grid))
        }
        let states = PlainPlacer.allCases.reversed().compactMap { placed[$0] }
        var ceilings = AnnealingWalk.Ceilings()
        ceilings.fanOut = placed[.evenSplit]?.fanOut ?? .infinity
        ceilings.movedBytes = problem.movedBytesMax ?? .infinity
        let start: SearchState?
        if pieces.coresBefore.contains(where: { $0 >= 0 }) {
            start = Self.replan(pieces, grid, states, ceilings, weights)
        } else {
            start = states.min { ($0.overflow, $0.cost.worst) < ($1.overflow, $1.cost.worst) }
            ceilings.worst = start?.cost.worst ?? .infinity
        }
        guard let start else { return nil }
        state = start
        self.ceilings = ceilings
        self.plain = plain
        finestFanOut = Self.finestFanOut(problem, pieces, grid)
    }

    /// What is placed stays and the rest is placed around it; with what does not fit into memory
    /// placed anew; or all as a plain placer has it. Less overflow comes first, then keeping to what may
    /// move, then the cost.
    private static func replan(
        _ pieces: Pieces, _ grid: Grid, _ plain: [SearchState], _ ceilings: AnnealingWalk.Ceilings,
        _ weights: PlacementCost.Weights
    ) -> SearchState? {
        func complete(_ cores: [Int32]) -> SearchState {
            SearchState(pieces, grid, cores: GreedyPlacer.complete(cores, pieces, grid))
        }
        let kept = complete(pieces.coresBefore)
        var states = [kept]
        if kept.overflow > 0 {
            states.append(complete(GreedyPlacer.relieved(pieces.coresBefore, pieces, grid)))
        }
        let movedMax = max(ceilings.movedBytes, kept.movedBytes)
        func rank(_ state: SearchState) -> (Double, Double, Double) {
            (state.overflow, max(0, state.movedBytes - movedMax), state.cost.total(weights))
        }
        return (states + plain).min { rank($0) < rank($1) }
    }

    /// As `SearchState.fanOut` has it: over the cores that the tables as they are cut could be on.
    private static func finestFanOut(
        _ problem: PlacementProblem, _ pieces: Pieces, _ grid: Grid
    ) -> Double {
        var sizes = [Int](repeating: 0, count: pieces.groupSizes.count)
        for (variable, first) in zip(problem.variables, pieces.first) {
            sizes[Int(pieces.groups[first])] += 1 << variable.cuts.upperBound
        }
        let ratios = zip(sizes, pieces.groupSizes).map { finest, size in
            Double(min(finest, grid.coreCount)) / Double(min(size, grid.coreCount))
        }
        return ratios.isEmpty ? 0 : ratios.reduce(0, +) / Double(ratios.count)
    }
}
