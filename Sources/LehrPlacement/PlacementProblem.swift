package import LehrCore

/// What is to be placed, and where it may go.
package struct PlacementProblem: Sendable {
    /// A table, cut into `2^partitionBits` partitions.
    package struct Variable: Sendable {
        package var name: String
        /// Tables of one group are asked for by the same batches, in one request a core.
        package var group: Int
        package var partitionBits: Int
        /// The cuts that a placer may choose; one that cuts otherwise than `partitionBits` splits or
        /// merges all of the table's partitions, as the map has equal runs of buckets only.
        package var cuts: ClosedRange<Int>
        /// What each partition asks for, in order.
        package var loads: [Load]
        /// Where each partition is now; nil where its home has left. Empty: it is nowhere yet.
        package var current: [Home?]

        package init(
            name: String, group: Int = 0, partitionBits: Int, cuts: ClosedRange<Int>? = nil,
            loads: [Load], current: [Home?] = []
        ) {
            precondition(loads.count == 1 << partitionBits, "each partition has a load")
            precondition(current.isEmpty || current.count == loads.count, "each has a home or none")
            self.name = name
            self.group = group
            self.partitionBits = partitionBits
            self.cuts = cuts ?? partitionBits...partitionBits
            precondition(self.cuts.contains(partitionBits), "it may stay as it is cut")
            self.loads = loads
            self.current = current
        }

        /// One of which nothing is known: its partitions count the same as all others.
        package init(name: String, partitionBits: Int) {
            self.init(
                name: name, partitionBits: partitionBits,
                loads: [Load](
                    repeating: Load(cpu: 1, memory: 0, network: 1), count: 1 << partitionBits))
        }

        /// What the partitions of a cut into `2^bits` ask for. Halves are taken for equal.
        package func loads(bits: Int) -> [Load] {
            guard bits < partitionBits else {
                let pieces = 1 << (bits - partitionBits)
                return loads.flatMap {
                    [Load](repeating: $0 * (1 / Double(pieces)), count: pieces)
                }
            }
            let size = 1 << (partitionBits - bits)
            return (0..<1 << bits).map { part in
                loads[part * size..<(part + 1) * size].reduce(.zero, +)
            }
        }

        /// Where a part of a cut into `2^bits` is now. One that is to be merged from several is where
        /// the first of them is.
        package func home(of part: Int, bits: Int) -> Home? {
            guard !current.isEmpty else { return nil }
            let finer = bits - partitionBits
            return current[finer >= 0 ? part >> finer : part << -finer]
        }
    }

    /// A shard that may own partitions.
    package struct Host: Sendable {
        package var member: MemberIncarnation
        package var coreCount: Int
        /// Of the whole shard. Each core has an even share of the processor and the memory. The memory
        /// is a hard limit.
        package var capacity: Load

        package init(member: MemberIncarnation, coreCount: Int, capacity: Load) {
            self.member = member
            self.coreCount = coreCount
            self.capacity = capacity
        }

        /// One of which only the cores are known: loads are counted, and there is no limit.
        package init(member: MemberIncarnation, coreCount: Int) {
            let cores = Double(coreCount)
            self.init(
                member: member, coreCount: coreCount,
                capacity: Load(cpu: cores, memory: .infinity, network: cores))
        }
    }

    package var variables: [Variable]
    package var hosts: [Host]
    /// Most bytes that may go to another shard, beyond those that have to and those without which
    /// there is not the memory; nil: as many as it is worth.
    package var movedBytesMax: Double?

    package init(variables: [Variable], hosts: [Host], movedBytesMax: Double? = nil) {
        self.variables = variables
        self.hosts = hosts
        self.movedBytesMax = movedBytesMax
    }

    /// Bytes of partitions that had a home which is none of `homes` any more: they move whatever else
    /// does.
    package var leastMovedBytes: Double {
        let homes = Set(homes)
        return variables.reduce(0) { sum, variable in
            zip(variable.loads, variable.current).reduce(sum) { sum, part in
                if let home = part.1, homes.contains(home) { return sum }
                return sum + part.0[.memory]
            }
        }
    }

    /// The cores of all hosts, in order.
    package var homes: [Home] {
        hosts.flatMap { host in
            (0..<UInt32(host.coreCount)).map { Home(member: host.member, core: $0) }
        }
    }
}

/// One core of one shard.
package struct Home: Hashable, Sendable {
    package var member: MemberIncarnation
    package var core: UInt32

    package init(member: MemberIncarnation, core: UInt32) {
        self.member = member
        self.core = core
    }
}
