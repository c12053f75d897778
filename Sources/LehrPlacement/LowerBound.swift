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
        return (sum / Double(max(grid.coreCount, 1)) * grid.meanInverse).max()
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

    /// Linear in runs and pieces.
    private static func pigeonhole(_ runs: [Run], bins: Int) -> Double {
        // How many pieces, and how much in all, there are before each run.
        var counts = [0]
        var sums = [0.0]
        for run in runs {
            counts.append(counts[counts.count - 1] + run.count)
            sums.append(sums[sums.count - 1] + Double(run.count) * run.size)
        }
        // `cursor` is a run at or before that of the last of them, as left by a smaller count.
        func sum(ofLargest count: Int, _ cursor: inout Int) -> Double {
            while counts[cursor + 1] < count { cursor += 1 }
            return sums[cursor] + Double(count - counts[cursor]) * runs[cursor].size
        }
        var bound = 0.0
        var (takenCursor, spareCursor) = (0, 0)
        for taken in stride(from: 1, through: counts[counts.count - 1], by: bins) {
            let each = (taken - 1) / bins
            let smallest =
                sum(ofLargest: taken, &takenCursor)
                - sum(ofLargest: taken - each - 1, &spareCursor)
            bound = max(bound, smallest)
        }
        return bound
    }
}
