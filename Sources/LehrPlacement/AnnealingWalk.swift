import LehrCore

/// A walk over the placements of one cut, with the way back to the best one seen.
struct AnnealingWalk {
    /// What a placement must keep to in order to count as the best, unless it overflows less memory.
    struct Ceilings {
        var worst = Double.infinity
        var fanOut = Double.infinity
        /// No move goes above it, unless the start is or memory overflows less for it.
        var movedBytes = Double.infinity
    }

    private(set) var state: SearchState
    private(set) var bestCost: Double
    private var bestOverflow: Double
    var random: RandomSource
    private let weights: PlacementCost.Weights
    private let ceilings: Ceilings
    private var cost: Double
    /// Where pieces were before each move since the best placement, the latest last.
    private var journal: [(piece: Int32, core: Int32)] = []
    private let journalMax: Int
    private let piecesOfGroups: [[Int32]]

    init(
        _ state: SearchState, weights: PlacementCost.Weights, ceilings: Ceilings,
        random: RandomSource
    ) {
        self.state = state
        self.weights = weights
        self.ceilings = ceilings
        self.random = random
        cost = state.cost.total(weights)
        bestCost = cost
        bestOverflow = state.overflow
        // Far enough that little of the best placement may be left.
        journalMax = 16 * state.pieces.count + 64
        var pieces = [[Int32]](repeating: [], count: state.pieces.groupSizes.count)
        for piece in 0..<state.pieces.count {
            pieces[Int(state.pieces.groups[piece])].append(Int32(piece))
        }
        piecesOfGroups = pieces
    }

    /// Tries one move, and keeps it when memory overflows less, or as much and it is cheaper, or by
    /// chance `exp(-difference / temperature)` (Metropolis et al. 1953).
    mutating func step(_ temperature: Double) {
        let mark = journal.count
        let overflow = state.overflow
        guard let difference = attempt(temperature),
            isLess(than: overflow) || isAccepted(difference, temperature)
        else { return undo(to: mark) }
        cost += difference
        if isLess(than: bestOverflow) || cost < bestCost - 1e-12 && isAdmissible {
            bestCost = cost
            bestOverflow = state.overflow
            journal.removeAll(keepingCapacity: true)
        } else if journal.count > journalMax {
            returnToBest()
        }
    }

    /// Goes back to the cheapest admissible placement seen, or to the start if none was.
    mutating func returnToBest() {
        undo(to: 0)
        cost = state.cost.total(weights)
        bestCost = cost
        bestOverflow = state.overflow
    }

    /// The mean of what `count` moves at random from here would add to the cost, of those that add
    /// something; 0 if none does. Nothing is moved.
    mutating func meanIncrease(samples count: Int) -> Double {
        var sum = 0.0
        var increases = 0
        for _ in 0..<count {
            let mark = journal.count
            if let difference = attempt(.infinity), difference > 1e-12 {
                sum += difference
                increases += 1
            }
            undo(to: mark)
        }
        return increases > 0 ? sum / Double(increases) : 0
    }

    private var isAdmissible: Bool {
        state.heats.maximum <= ceilings.worst + 1e-9 && state.fanOut <= ceilings.fanOut + 1e-9
    }

    private func isLess(than overflow: Double) -> Bool {
        PlacementCost.isLess(state.overflow, than: overflow)
    }

    private mutating func isAccepted(_ difference: Double, _ temperature: Double) -> Bool {
        guard difference > 0 else { return true }
        let exponent = difference / temperature
        // A chance of 2 in a billion is none.
        guard exponent < 20 else { return false }
        let chance = Double(random.next() >> 11) * 0x1p-53
        return chance < exactExponential(-exponent)
    }

    /// Makes a move; nil when there was none or a limit forbids it. The caller undoes it.
    private mutating func attempt(_ temperature: Double) -> Double? {
        let mark = journal.count
        let (overflow, movedBytes) = (state.overflow, state.movedBytes)
        propose(temperature)
        guard journal.count > mark, state.overflow <= overflow + 1e-12,
            state.movedBytes <= max(ceilings.movedBytes, movedBytes) * (1 + 1e-12)
                || isLess(than: overflow)
        else { return nil }
        return state.cost.total(weights) - cost
    }

    private mutating func undo(to mark: Int) {
        while journal.count > mark {
            let (piece, core) = journal.removeLast()
            state.move(Int(piece), to: Int(core))
        }
    }

    private mutating func move(_ piece: Int, to core: Int) {
        journal.append((Int32(piece), state.cores[piece]))
        state.move(piece, to: core)
    }
}

extension AnnealingWalk {
    /// Shift, swap or re-home: what a walk over one cut can do. Splits and merges change the cut.
    private mutating func propose(_ temperature: Double) {
        let source = pickSource()
        let count = state.contents[source].count
        guard count > 0 else { return }
        let piece = Int(state.contents[source][random.below(count)])
        let target = pickTarget(piece)
        guard target != source else { return }
        switch random.below(16) {
        case 0: rehome(piece, from: source, to: target)
        case 1...4: shift(piece, to: target, temperature)
        default: swap(piece, source, with: target, temperature)
        }
    }

    /// Mostly a hot core: only there can the worst load be lowered.
    private mutating func pickSource() -> Int {
        let cores = state.grid.coreCount
        switch random.below(4) {
        case 0: return hottestCore()
        case 1:
            var hottest = random.below(cores)
            for _ in 0..<7 {
                let other = random.below(cores)
                if state.heats[other] > state.heats[hottest] { hottest = other }
            }
            return hottest
        default: return random.below(cores)
        }
    }

    /// The core with the worst load, or some core of the shard that has it.
    private mutating func hottestCore() -> Int {
        let hottest = state.heats.hottest
        let shard = hottest - state.grid.coreCount
        guard shard >= 0 else { return hottest }
        let first = state.grid.firstCores[shard]
        return first + random.below(state.grid.firstCores[shard + 1] - first)
    }

    /// Any core; one that the group visits anyway; or the one where the piece is now.
    private mutating func pickTarget(_ piece: Int) -> Int {
        switch random.below(8) {
        case 0:
            let before = Int(state.pieces.coresBefore[piece])
            return before >= 0 ? before : random.below(state.grid.coreCount)
        case 1, 2:
            let group = Int(state.pieces.groups[piece])
            let other = piecesOfGroups[group][random.below(piecesOfGroups[group].count)]
            return Int(state.cores[Int(other)])
        default: return random.below(state.grid.coreCount)
        }
    }

    private mutating func shift(_ piece: Int, to target: Int, _ temperature: Double) {
        let heat = state.coreHeat(target, adding: state.pieces.loads[piece]).max()
        guard isWorthTrying(heat, temperature) else { return }
        move(piece, to: target)
    }

    /// One that is this much hotter than the worst will not be accepted, unless for memory: spare the
    /// work.
    private func isWorthTrying(_ heat: Double, _ temperature: Double) -> Bool {
        heat <= state.heats.maximum + 20 * temperature || state.isOverfull
    }

    /// Exchanges `piece` for the one of some few of the target's that leaves both cores best.
    private mutating func swap(
        _ piece: Int, _ source: Int, with target: Int, _ temperature: Double
    ) {
        let count = state.contents[target].count
        guard count > 0 else { return }
        var best = (heat: Double.infinity, piece: -1)
        for _ in 0..<min(count, 4) {
            let other = Int(state.contents[target][random.below(count)])
            let difference = state.pieces.loads[other] - state.pieces.loads[piece]
            let heat = max(
                state.coreHeat(source, adding: difference).max(),
                state.coreHeat(target, adding: SIMD4() - difference).max())
            if heat < best.heat { best = (heat, other) }
        }
        guard isWorthTrying(best.heat, temperature) else { return }
        move(piece, to: target)
        move(best.piece, to: source)
    }

    /// All that the piece's table has on the source goes to the target.
    private mutating func rehome(_ piece: Int, from source: Int, to target: Int) {
        let variable = state.pieces.variables[piece]
        for other in state.contents[source] where state.pieces.variables[Int(other)] == variable {
            move(Int(other), to: target)
        }
    }
}
