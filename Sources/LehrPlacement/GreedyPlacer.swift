/// The largest partition first, each to the core that it leaves least loaded (longest processing time
/// first, Graham 1969, with a load of several resources and a limit of memory).
///
/// Cost: partitions times cores. What does not fit anywhere goes where it exceeds the limit least.
package struct GreedyPlacer: Placer {
    package init() {}

    package func plan(_ problem: PlacementProblem) -> PlacementPlan? {
        guard !problem.homes.isEmpty else { return nil }
        let pieces = Pieces(problem, bits: problem.variables.map(\.partitionBits))
        let nobody = [Int32](repeating: -1, count: pieces.count)
        return pieces.plan(Self.complete(nobody, pieces, Grid(problem.hosts)))
    }

    /// Takes the core away from some pieces of each core with more than its memory, so that the rest
    /// fits: the largest, and at last the smallest that is enough.
    static func relieved(_ cores: [Int32], _ pieces: Pieces, _ grid: Grid) -> [Int32] {
        let memory = Resource.memory.rawValue
        var held = [[(piece: Int, share: Double)]](repeating: [], count: grid.coreCount)
        for (piece, core) in cores.enumerated() where core >= 0 {
            let share = pieces.loads[piece][memory] * grid.coreInverse[Int(core)][memory]
            held[Int(core)].append((piece, share))
        }
        var cores = cores
        for var stack in held {
            var excess = stack.reduce(-1 - 1e-12) { $0 + $1.share }
            guard excess > 0 else { continue }
            stack.sort { ($0.share, $0.piece) < ($1.share, $1.piece) }
            while let (piece, share) = stack.last, share < excess {
                cores[piece] = -1
                excess -= share
                stack.removeLast()
            }
            if let last = stack.first(where: { $0.share >= excess }) { cores[last.piece] = -1 }
        }
        return cores
    }

    /// Gives those a core that have none (-1), and leaves the others where they are.
    static func complete(_ cores: [Int32], _ pieces: Pieces, _ grid: Grid) -> [Int32] {
        var cores = cores
        var coreLoads = [SIMD4<Double>](repeating: SIMD4(), count: grid.coreCount)
        var shardLoads = [SIMD4<Double>](repeating: SIMD4(), count: grid.shardCount)
        func put(_ piece: Int, on core: Int) {
            coreLoads[core] += pieces.loads[piece]
            shardLoads[Int(grid.shards[core])] += pieces.loads[piece]
        }
        var waiting: [(piece: Int, size: Double)] = []
        for piece in cores.indices {
            if cores[piece] >= 0 {
                put(piece, on: Int(cores[piece]))
            } else {
                waiting.append((piece, (pieces.loads[piece] * grid.meanInverse).max()))
            }
        }
        waiting.sort { ($1.size, $0.piece) < ($0.size, $1.piece) }
        for (piece, _) in waiting {
            let load = pieces.loads[piece]
            var best = (excess: Double.infinity, heat: Double.infinity, core: 0)
            for core in 0..<grid.coreCount {
                let shard = Int(grid.shards[core])
                let own = (coreLoads[core] + load) * grid.coreInverse[core]
                let shared = (shardLoads[shard] + load) * grid.shardInverse[shard]
                let heat = max(own.max(), shared.max())
                let excess = max(0, own[Resource.memory.rawValue] - 1)
                if (excess, heat) < (best.excess, best.heat) { best = (excess, heat, core) }
            }
            cores[piece] = Int32(best.core)
            put(piece, on: best.core)
        }
        return cores
    }
}
