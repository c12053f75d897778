import LehrCore

/// A made-up problem: skewed tables on equal or different shards, all drawn from a seed.
///
/// Here, not beside the benchmark, because this module's tests solve the same problems.
package struct PlacementInstance: Sendable {
    /// What is drawn, and how much of it.
    package struct Shape: Sendable {
        package var shards: Int
        package var partitions: Int
        /// Of a shard; where shards differ, of the smallest.
        package var cores = 1
        /// Shards of three kinds: one has twice the cores, one half as much again of memory and network.
        package var isMixed = false
        /// How many times placers may split a table.
        package var splits = 0

        package init(
            shards: Int, partitions: Int, cores: Int = 1, isMixed: Bool = false, splits: Int = 0
        ) {
            self.shards = shards
            self.partitions = partitions
            self.cores = cores
            self.isMixed = isMixed
            self.splits = splits
        }

        /// Such as `64x1024`, shards by partitions.
        package var name: String {
            "\(shards)x\(partitions)" + (cores > 1 ? "-cores\(cores)" : "")
                + (isMixed ? "-mixed" : "") + (splits > 0 ? "-split" : "")
        }
    }

    package var name: String
    package var problem: PlacementProblem

    package init(_ shape: Shape, seed: UInt64) {
        var random = RandomSource(
            seed: seed, path: UInt64(shape.shards), UInt64(shape.partitions), UInt64(shape.cores))
        let hosts = Self.hosts(shape, &random)
        let total = hosts.reduce(Load.zero) { $0 + $1.capacity }
        name = "\(shape.name)-seed\(seed)"
        problem = PlacementProblem(
            variables: Self.variables(shape, filling: total, &random), hosts: hosts)
    }

    private init(name: String, problem: PlacementProblem) {
        self.name = name
        self.problem = problem
    }

    /// One table of 100 million rows of 32 floats with AdaGrad's state, in 16 partitions on 4 shards of
    /// one core: what an open release of another parameter server placed at 2.9, 73, 73 and 2.9 GB.
    package static func oneLargeTable() -> PlacementInstance {
        let rows = 100_000_000.0 / 16
        let load = Load(cpu: 0.15, memory: rows * 300, network: 40e6)
        let hosts = (1...4 as ClosedRange<UInt64>).map {
            PlacementProblem.Host(
                member: MemberIncarnation($0), coreCount: 1,
                capacity: Load(cpu: 1, memory: 32e9, network: 1.25e9))
        }
        let table = PlacementProblem.Variable(
            name: "ids", partitionBits: 4, loads: [Load](repeating: load, count: 16))
        return PlacementInstance(
            name: "one-large-table", problem: PlacementProblem(variables: [table], hosts: hosts))
    }

    /// The same cluster, placed by `plan`, after its first shard has been lost and its last has become
    /// twice as large. At most 1.3 times the bytes may move that have to.
    package func changed(after plan: PlacementPlan) -> PlacementInstance {
        var problem = problem
        for (index, homes) in plan.homes.enumerated() {
            let bits = homes.count.trailingZeroBitCount
            problem.variables[index].loads = problem.variables[index].loads(bits: bits)
            problem.variables[index].partitionBits = bits
            problem.variables[index].current = homes
        }
        problem.hosts.removeFirst()
        let last = problem.hosts.count - 1
        problem.hosts[last].coreCount *= 2
        problem.hosts[last].capacity = problem.hosts[last].capacity * 2
        problem.movedBytesMax = 1.3 * problem.leastMovedBytes
        return PlacementInstance(name: name + "-changed", problem: problem)
    }

    private static func hosts(
        _ shape: Shape, _ random: inout RandomSource
    ) -> [PlacementProblem.Host] {
        (1...UInt64(shape.shards)).map { number in
            let kind = shape.isMixed ? random.below(3) : 0
            let cores = kind == 1 ? 2 * shape.cores : shape.cores
            let share = Double(cores)
            let more = kind == 2 ? 1.5 : 1
            return PlacementProblem.Host(
                member: MemberIncarnation(number), coreCount: cores,
                capacity: Load(
                    cpu: share, memory: more * share * 16e9, network: more * share * 300e6))
        }
    }

    private static func variables(
        _ shape: Shape, filling capacity: Load, _ random: inout RandomSource
    ) -> [PlacementProblem.Variable] {
        let tableCount = max(3, shape.partitions / 12)
        let sizes = (0..<tableCount).map { _ in random.logNormal(deviation: 1.5) }
        let bits = cuts(sizes, shape.partitions)
        // Tables that the same batches ask for, one after another.
        var group = 0
        var variables = zip(sizes, bits).enumerated().map { index, table in
            if index > 0, random.below(8) == 0 { group += 1 }
            let (size, bits) = table
            let count = 1 << bits
            let rate = size * random.logNormal(deviation: 0.5)
            let bytesPerKey = random.logNormal(deviation: 0.4)
            let loads = (0..<count).map { _ in
                let keys = rate / Double(count) * random.logNormal(deviation: 0.3)
                let rows = size / Double(count) * (0.98 + 0.04 * random.unit())
                return Load(cpu: keys, memory: rows, network: keys * bytesPerKey)
            }
            return PlacementProblem.Variable(
                name: "table-\(index)", group: group, partitionBits: bits,
                cuts: bits...bits + shape.splits, loads: loads)
        }
        scale(&variables, to: capacity, &random)
        return variables
    }

    /// Cuts in powers of two, `partitions` in all where that can be: the table with the largest
    /// partitions is split, again and again.
    private static func cuts(_ sizes: [Double], _ partitions: Int) -> [Int] {
        var bits = [Int](repeating: 0, count: sizes.count)
        var rest = partitions - sizes.count
        while rest > 0 {
            let fitting = sizes.indices.filter { 1 << bits[$0] <= rest && bits[$0] < 12 }
            let next = fitting.max {
                sizes[$0] / Double(1 << bits[$0]) < sizes[$1] / Double(1 << bits[$1])
            }
            guard let next else { break }
            rest -= 1 << bits[next]
            bits[next] += 1
        }
        return bits
    }

    /// Makes each resource 30 to 70 % used.
    private static func scale(
        _ variables: inout [PlacementProblem.Variable], to capacity: Load,
        _ random: inout RandomSource
    ) {
        let sum = variables.reduce(Load.zero) { $1.loads.reduce($0, +) }
        func factor(_ resource: Resource, _ use: Double) -> Double {
            use * capacity[resource] / sum[resource]
        }
        let uses = (0..<3).map { _ in 0.3 + 0.4 * random.unit() }
        let (cpu, memory) = (factor(.cpu, uses[0]), factor(.memory, uses[1]))
        let network = factor(.network, uses[2])
        for index in variables.indices {
            variables[index].loads = variables[index].loads.map {
                Load(
                    cpu: $0[.cpu] * cpu, memory: $0[.memory] * memory,
                    network: $0[.network] * network)
            }
        }
    }
}

extension RandomSource {
    /// Uniform in `[0, 1)`, with 53 random bits.
    fileprivate mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// `exp` of about a normal number of this deviation (a sum of twelve uniform ones).
    fileprivate mutating func logNormal(deviation: Double) -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += unit() }
        let exponent = deviation * sum
        return exponent < 0 ? exactExponential(exponent) : 1 / exactExponential(-exponent)
    }
}
