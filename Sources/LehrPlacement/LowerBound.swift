/// What the worst load over capacity cannot be below, whatever the placement.
package enum LowerBound {
    /// The largest over resources of the larger of two: the average load, and what the pigeonhole
    /// principle leaves for the worst of `m` cores (or shards, for the network) when they have to take
    /// the largest pieces of the finest cut that is allowed: of the `j m + 1` largest, some one takes
    /// `j + 1`, and so at least as much as the `j + 1` smallest of them. `j = 0` is the largest piece.
    ///
    /// Capacities are those of the largest core or shard, which keeps it a bound where they differ.
    package static func worstLoad(_ problem: PlacementProblem) -> Double {
        let grid = Grid(problem.hosts)
        guard grid.coreCount > 0 else { return 0 }
        let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
        let finest = Resource.allCases.map { resource in
            let bins = resource == .network ? grid.shardCount : grid.coreCount
            let inverse = resource == .network ? grid.shardInverse : grid.coreInverse
            let least = inverse.map { $0[resource.rawValue] }.min() ?? 0
            return pigeonhole(runs(problem, resource), bins: bins) * least
        }
        return max(average(pieces, grid), finest.max() ?? 0)
    }

    /// The average over all cores, or shards, of the resource of which there is least.
    static func average(_ pieces: Pieces, _ grid: Grid) -> Double {
        let sum = pieces.loads.reduce(SIMD4(), +)
        let average = (sum / Double(max(grid.coreCount, 1)) * grid.meanInverse).max()
        return average > 0 ? average : 1
    }

    /// Equal pieces, and how many there are.
    private struct Run {
        let size: Double
        let count: Int
    }

    /// The pieces of the finest cut by size, the largest first. Pieces of one partition are equal.
    private static func runs(_ problem: PlacementProblem, _ resource: Resource) -> [Run] {
        problem.variables.flatMap { variable in
            let finer = variable.cuts.upperBound - variable.partitionBits
            return variable.loads.map {
                Run(size: $0[resource] / Double(1 << finer), count: 1 << finer)
            }
        }.sorted { $0.size > $1.size }
    }

    private static func pigeonhole(_ runs: [Run], bins: Int) -> Double {
        // How many pieces, and how much in all, there are before each run.
        var counts = [0]
        var sums = [0.0]
        for run in runs {
            counts.append(counts[counts.count - 1] + run.count)
            sums.append(sums[sums.count - 1] + Double(run.count) * run.size)
        }
        let total = counts[counts.count - 1]
        var runIndex = 0
        func sum(ofLargest count: Int, from start: Int) -> Double {
            var index = start
            while index < runs.count, counts[index + 1] < count { index += 1 }
            guard index < runs.count else { return sums[sums.count - 1] }
            return sums[index] + Double(count - counts[index]) * runs[index].size
        }
        var bound = 0.0
        var each = 0
        while each * bins + 1 <= total {
            let taken = each * bins + 1
            while runIndex < runs.count, counts[runIndex + 1] < taken - each - 1 { runIndex += 1 }
            let smallest =
                sum(ofLargest: taken, from: runIndex)
                - sum(ofLargest: taken - each - 1, from: runIndex)
            bound = max(bound, smallest)
            each += 1
        }
        return bound
    }
}
