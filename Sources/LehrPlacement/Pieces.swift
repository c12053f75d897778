import LehrCore

/// The partitions of all variables of a problem in one row, each variable cut in its own way.
struct Pieces {
    let bits: [Int]
    /// The first piece of each variable, and the count of all at the end.
    let first: [Int]
    let loads: [SIMD4<Double>]
    /// The number of the variable's group, counted from 0 without gaps.
    let groups: [Int32]
    let variables: [Int32]
    /// Partitions of each group as the problem cuts them.
    let groupSizes: [Int]
    /// The shard that has a piece now: -1 where no shard of the grid has, -2 where it is new.
    let shardsBefore: [Int32]
    /// The core that has it now, if a core of the grid has.
    let coresBefore: [Int32]
    let homes: [Home]

    static let gone: Int32 = -1
    static let new: Int32 = -2

    var count: Int { loads.count }

    init(_ problem: PlacementProblem, bits: [Int]) {
        let grid = Grid(problem.hosts)
        let index = grid.index()
        let numbers = Dictionary(
            uniqueKeysWithValues: Set(problem.variables.map(\.group)).sorted().enumerated().map {
                ($1, Int32($0))
            })
        var first = [0]
        var loads: [SIMD4<Double>] = []
        var groups: [Int32] = []
        var variables: [Int32] = []
        var coresBefore: [Int32] = []
        var shardsBefore: [Int32] = []
        for (number, (variable, bits)) in zip(problem.variables, bits).enumerated() {
            loads += variable.loads(bits: bits).map(\.values)
            first.append(loads.count)
            let count = 1 << bits
            groups += [Int32](repeating: numbers[variable.group] ?? 0, count: count)
            variables += [Int32](repeating: Int32(number), count: count)
            for piece in 0..<count {
                let core = variable.home(of: piece, bits: bits).flatMap { index[$0] } ?? -1
                coresBefore.append(core)
                let isNew = variable.current.isEmpty
                shardsBefore.append(
                    core >= 0 ? grid.shards[Int(core)] : isNew ? Self.new : Self.gone)
            }
        }
        self.bits = bits
        self.first = first
        self.loads = loads
        self.groups = groups
        self.variables = variables
        var sizes = [Int](repeating: 0, count: numbers.count)
        for variable in problem.variables {
            sizes[Int(numbers[variable.group] ?? 0)] += variable.loads.count
        }
        groupSizes = sizes
        self.coresBefore = coresBefore
        self.shardsBefore = shardsBefore
        homes = grid.homes
    }

    /// The plan that has each piece on the core of that number.
    func plan(_ cores: [Int32]) -> PlacementPlan {
        PlacementPlan(
            homes: bits.indices.map { variable in
                cores[first[variable]..<first[variable + 1]].map { homes[Int($0)] }
            })
    }

    /// The numbers of the cores of a plan with these cuts.
    func cores(of plan: PlacementPlan, _ grid: Grid) -> [Int32] {
        let index = grid.index()
        return plan.homes.flatMap { $0.map { index[$0] ?? -1 } }
    }
}
