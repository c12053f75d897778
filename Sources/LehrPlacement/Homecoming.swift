/// What a search has moved without a gain goes back to where it was: each move is a copy and a hand-over, also
/// between cores of one shard, which the cost does not count.
enum Homecoming {
    /// Pieces of a core that one which would be back there is exchanged with, at most.
    private static let partnersMax = 64
    /// What sums may have been rounded by.
    private static let tolerance = 1e-9

    static func bringBack(_ state: SearchState, _ weights: PlacementCost.Weights) -> SearchState {
        var state = state
        for piece in state.cores.indices {
            guard let home = home(of: piece, state) else { continue }
            if keepsCheap([(piece, home)], &state, weights) { continue }
            // It may have changed places with one that is as large.
            let away = Int(state.cores[piece])
            for partner in state.contents[home].prefix(partnersMax).map({ Int($0) })
            where self.home(of: partner, state) != nil {
                if keepsCheap([(piece, home), (partner, away)], &state, weights) { break }
            }
        }
        return state
    }

    /// Where a piece was, if it is not there.
    private static func home(of piece: Int, _ state: SearchState) -> Int? {
        let before = Int(state.pieces.coresBefore[piece])
        return before >= 0 && before != Int(state.cores[piece]) ? before : nil
    }

    /// Moves pieces, and back again if that makes anything worse; whether they stay.
    private static func keepsCheap(
        _ moves: [(piece: Int, core: Int)], _ state: inout SearchState,
        _ weights: PlacementCost.Weights
    ) -> Bool {
        let before = state.cost
        let cores = moves.map { Int(state.cores[$0.piece]) }
        for move in moves { state.move(move.piece, to: move.core) }
        let after = state.cost
        // Each of what a search keeps below a ceiling, and all together.
        guard after.worst <= before.worst + tolerance, after.moved <= before.moved + tolerance,
            after.fanOut <= before.fanOut + tolerance,
            !PlacementCost.isLess(before.overflow, than: after.overflow),
            after.total(weights) <= before.total(weights) + tolerance
        else {
            for (move, core) in zip(moves, cores) { state.move(move.piece, to: core) }
            return false
        }
        return true
    }
}
