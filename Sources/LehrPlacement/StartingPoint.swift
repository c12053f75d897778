/// Where a search begins, and what its answer must keep to.
struct StartingPoint {
    let state: SearchState
    let ceilings: AnnealingWalk.Ceilings
    /// The fan-out of an even split of tables that are all cut as finely as they may be.
    let finestFanOut: Double

    /// Nil when there is no core.
    init?(_ problem: PlacementProblem, _ weights: PlacementCost.Weights) {
        let grid = Grid(problem.hosts)
        guard grid.coreCount > 0, let even = EvenSplitPlacer().plan(problem),
            let turns = RoundRobinPlacer().plan(problem), let greedy = GreedyPlacer().plan(problem)
        else { return nil }
        let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
        var states = [greedy, even, turns].map {
            SearchState(pieces, grid, cores: pieces.cores(of: $0, grid))
        }
        var ceilings = AnnealingWalk.Ceilings()
        ceilings.fanOut = states[1].fanOut
        finestFanOut = Self.finestFanOut(problem, pieces, grid)
        ceilings.movedBytes = problem.movedBytesMax ?? .infinity
        guard pieces.coresBefore.contains(where: { $0 >= 0 }) else {
            let best = states.min {
                ($0.overflow, $0.cost.worst) < ($1.overflow, $1.cost.worst)
            }
            ceilings.worst = best?.cost.worst ?? .infinity
            state = best ?? states[0]
            self.ceilings = ceilings
            return
        }
        // Something is placed already: what moves more than it may is no way to begin.
        let kept = SearchState(
            pieces, grid, cores: GreedyPlacer.complete(pieces.coresBefore, pieces, grid))
        let movedMax = max(ceilings.movedBytes, kept.movedBytes)
        states = [kept] + states.filter { $0.movedBytes <= movedMax }
        state = states.min { $0.cost.total(weights) < $1.cost.total(weights) } ?? kept
        self.ceilings = ceilings
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
