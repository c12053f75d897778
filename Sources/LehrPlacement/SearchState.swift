/// A placement while it is searched for: what is where, and its cost, kept up to date by each move.
///
/// A move costs a constant, besides the depth of a tree of cores for the worst load.
struct SearchState {
    let pieces: Pieces
    let grid: Grid
    /// The load over capacity that counts as 1: the average, if there is any load.
    let ideal: Double
    private let coreScale: [SIMD4<Double>]
    private let shardScale: [SIMD4<Double>]
    /// What one more core visited by a group adds to the fan-out.
    private let visitCost: [Double]
    private let allBytes: Double

    /// The core of each piece.
    private(set) var cores: [Int32]
    /// The pieces of each core, in no order.
    private(set) var contents: [[Int32]]
    /// Where a piece stands in `contents`.
    private var slots: [Int32]
    private var coreLoads: [SIMD4<Double>]
    private var shardLoads: [SIMD4<Double>]
    /// Pieces of each group on each core, group after group.
    private var visits: [Int32]
    /// The heat of each core, then of each shard.
    private(set) var heats: MaximumTree

    private var excess = 0.0
    private(set) var fanOut = 0.0
    private(set) var movedBytes = 0.0
    private(set) var overflow = 0.0

    init(_ pieces: Pieces, _ grid: Grid, cores placed: [Int32]) {
        self.pieces = pieces
        self.grid = grid
        let average = LowerBound.average(pieces, grid)
        ideal = average > 0 ? average : 1
        let scale = 1 / ideal
        coreScale = grid.coreInverse.map { $0 * scale }
        shardScale = grid.shardInverse.map { $0 * scale }
        allBytes = pieces.loads.reduce(0) { $0 + $1[Resource.memory.rawValue] }
        let groups = Double(pieces.groupSizes.count)
        visitCost = pieces.groupSizes.map { 1 / (groups * Double(min($0, grid.coreCount))) }
        cores = placed
        contents = [[Int32]](repeating: [], count: grid.coreCount)
        slots = [Int32](repeating: 0, count: pieces.count)
        coreLoads = [SIMD4<Double>](repeating: SIMD4(), count: grid.coreCount)
        shardLoads = [SIMD4<Double>](repeating: SIMD4(), count: grid.shardCount)
        visits = [Int32](repeating: 0, count: pieces.groupSizes.count * grid.coreCount)
        heats = MaximumTree(count: grid.coreCount + grid.shardCount)
        fill()
    }

    private mutating func fill() {
        for piece in cores.indices {
            let core = Int(cores[piece])
            slots[piece] = Int32(contents[core].count)
            contents[core].append(Int32(piece))
            coreLoads[core] += pieces.loads[piece]
            shardLoads[Int(grid.shards[core])] += pieces.loads[piece]
            enter(piece, core)
        }
        for core in 0..<grid.coreCount {
            heats.update(core, to: coreHeat(core).max())
            excess += PlacementCost.excess(coreHeat(core))
            overflow += overflow(core)
        }
        for shard in 0..<grid.shardCount {
            heats.update(grid.coreCount + shard, to: shardHeat(shard).max())
            excess += PlacementCost.excess(shardHeat(shard))
        }
    }

    var cost: PlacementCost {
        PlacementCost(
            worst: heats.maximum, excess: excess, fanOut: fanOut,
            moved: allBytes > 0 ? movedBytes / allBytes : 0,
            partitions: Double(pieces.count) / Double(grid.coreCount), overflow: overflow)
    }

    var isOverfull: Bool { PlacementCost.isLess(0, than: overflow) }

    /// Load over capacity and ideal of a core, were `load` added to it.
    @inline(__always)
    func coreHeat(_ core: Int, adding load: SIMD4<Double> = SIMD4()) -> SIMD4<Double> {
        (coreLoads[core] + load) * coreScale[core]
    }

    @inline(__always)
    private func shardHeat(_ shard: Int) -> SIMD4<Double> {
        shardLoads[shard] * shardScale[shard]
    }

    private func overflow(_ core: Int) -> Double {
        let memory = Resource.memory.rawValue
        // A relative 1e-12 is what sums of bytes may have been rounded by.
        return max(0, coreLoads[core][memory] * grid.coreInverse[core][memory] - 1 - 1e-12)
    }

    private mutating func enter(_ piece: Int, _ core: Int) {
        let group = Int(pieces.groups[piece])
        let place = group * grid.coreCount + core
        if visits[place] == 0 { fanOut += visitCost[group] }
        visits[place] += 1
        movedBytes += bytesMoved(piece, core)
    }

    private mutating func leave(_ piece: Int, _ core: Int) {
        let group = Int(pieces.groups[piece])
        let place = group * grid.coreCount + core
        visits[place] -= 1
        if visits[place] == 0 { fanOut -= visitCost[group] }
        movedBytes -= bytesMoved(piece, core)
    }

    /// Bytes that cross between shards when `piece` is on `core`.
    func bytesMoved(_ piece: Int, _ core: Int) -> Double {
        let before = pieces.shardsBefore[piece]
        guard before != Pieces.new, before != grid.shards[core] else { return 0 }
        return pieces.loads[piece][Resource.memory.rawValue]
    }

    /// Puts `piece` on the core `target`.
    mutating func move(_ piece: Int, to target: Int) {
        let source = Int(cores[piece])
        guard source != target else { return }
        detach(piece, from: source)
        slots[piece] = Int32(contents[target].count)
        contents[target].append(Int32(piece))
        cores[piece] = Int32(target)
        leave(piece, source)
        enter(piece, target)
        change(source, by: -pieces.loads[piece])
        change(target, by: pieces.loads[piece])
        let (from, to) = (Int(grid.shards[source]), Int(grid.shards[target]))
        guard from != to else { return }
        changeShard(from, by: -pieces.loads[piece])
        changeShard(to, by: pieces.loads[piece])
    }

    private mutating func detach(_ piece: Int, from core: Int) {
        let slot = Int(slots[piece])
        let last = contents[core].removeLast()
        guard Int(last) != piece else { return }
        contents[core][slot] = last
        slots[Int(last)] = Int32(slot)
    }

    private mutating func change(_ core: Int, by load: SIMD4<Double>) {
        excess -= PlacementCost.excess(coreHeat(core))
        overflow -= overflow(core)
        coreLoads[core] += load
        let heat = coreHeat(core)
        excess += PlacementCost.excess(heat)
        overflow += overflow(core)
        heats.update(core, to: heat.max())
    }

    private mutating func changeShard(_ shard: Int, by load: SIMD4<Double>) {
        excess -= PlacementCost.excess(shardHeat(shard))
        shardLoads[shard] += load
        let heat = shardHeat(shard)
        excess += PlacementCost.excess(heat)
        heats.update(grid.coreCount + shard, to: heat.max())
    }
}
