/// The moves that change how tables are cut: all partitions of a table are split in halves, or joined
/// in pairs, since the cluster map has equal runs of buckets only.
package enum Cutting {
    /// Most partitions that a search makes of all tables.
    package static let piecesMax = 1 << 17

    /// Splits the tables that have the largest pieces, those of at least half the largest; nil where
    /// none may be cut. The halves stay where the whole was.
    static func split(_ state: SearchState, _ problem: PlacementProblem) -> SearchState? {
        let pieces = state.pieces
        var sizes = [Double](repeating: 0, count: problem.variables.count)
        for piece in 0..<pieces.count {
            let variable = Int(pieces.variables[piece])
            guard pieces.bits[variable] < problem.variables[variable].cuts.upperBound else {
                continue
            }
            let size = (pieces.loads[piece] * state.grid.meanInverse).max()
            sizes[variable] = max(sizes[variable], size)
        }
        let largest = sizes.max() ?? 0
        guard largest > 0 else { return nil }
        var bits = pieces.bits
        for variable in bits.indices where sizes[variable] >= largest / 2 { bits[variable] += 1 }
        guard bits.reduce(0, { $0 + 1 << $1 }) <= piecesMax else { return nil }
        let finer = Pieces(problem, bits: bits)
        let cores = finer.variables.indices.map { piece in
            let variable = Int(finer.variables[piece])
            let part = (piece - finer.first[variable]) >> (bits[variable] - pieces.bits[variable])
            return state.cores[pieces.first[variable] + part]
        }
        return SearchState(finer, state.grid, cores: cores)
    }

    /// Joins pairs of a table's pieces, table by table, where that makes the placement cheaper and
    /// keeps it within the ceilings.
    static func merge(
        _ state: SearchState, _ problem: PlacementProblem, _ ceilings: AnnealingWalk.Ceilings,
        _ weights: PlacementCost.Weights
    ) -> SearchState {
        var state = state
        var bits = state.pieces.bits
        let saving = weights.partitions / Double(state.grid.coreCount)
        for (variable, description) in problem.variables.enumerated() {
            while bits[variable] > description.cuts.lowerBound,
                bits[variable] == state.pieces.bits[variable]
            {
                guard join(variable, &state, ceilings, weights, saving) else { break }
                bits[variable] -= 1
            }
        }
        guard bits != state.pieces.bits else { return state }
        let coarser = Pieces(problem, bits: bits)
        let cores = coarser.variables.indices.map { piece in
            let variable = Int(coarser.variables[piece])
            let part = piece - coarser.first[variable]
            let finer = state.pieces.bits[variable] - bits[variable]
            return state.cores[state.pieces.first[variable] + part << finer]
        }
        return merge(
            SearchState(coarser, state.grid, cores: cores), problem, ceilings, weights)
    }

    /// Brings the pieces of each pair together if that is worth it, otherwise leaves them.
    private static func join(
        _ variable: Int, _ state: inout SearchState, _ ceilings: AnnealingWalk.Ceilings,
        _ weights: PlacementCost.Weights, _ saving: Double
    ) -> Bool {
        let range = state.pieces.first[variable]..<state.pieces.first[variable + 1]
        let pairs = stride(from: range.lowerBound, to: range.upperBound, by: 2)
        let before = state.pieces.shardsBefore
        guard pairs.allSatisfy({ before[$0] == before[$0 + 1] }) else { return false }
        let cost = state.cost.total(weights)
        let movedBytes = state.movedBytes
        let overflow = state.overflow
        let cores = range.map { state.cores[$0] }
        for first in pairs { unite(first, first + 1, &state, weights) }
        let isWorth =
            state.cost.total(weights) < cost + saving * Double(range.count / 2)
            && state.heats.maximum <= ceilings.worst + 1e-9
            && state.fanOut <= ceilings.fanOut + 1e-9 && state.overflow <= overflow + 1e-12
            && state.movedBytes <= max(ceilings.movedBytes, movedBytes)
        guard !isWorth else { return true }
        for (piece, core) in zip(range, cores) { state.move(piece, to: Int(core)) }
        return false
    }

    /// Puts two pieces on the core of the one or of the other, whichever is cheaper.
    private static func unite(
        _ first: Int, _ second: Int, _ state: inout SearchState, _ weights: PlacementCost.Weights
    ) {
        let (left, right) = (Int(state.cores[first]), Int(state.cores[second]))
        state.move(second, to: left)
        let costOnLeft = state.cost
        state.move(first, to: right)
        state.move(second, to: right)
        guard !state.cost.isCheaper(than: costOnLeft, weights) else { return }
        state.move(first, to: left)
        state.move(second, to: left)
    }
}
