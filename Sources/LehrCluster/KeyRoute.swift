import LehrCore
package import LehrMembership
import LehrTable

/// The keys of one request to one table, grouped by partition. Pure.
package struct KeyRoute: Sendable {
    /// The keys of one partition: `order[range]`.
    package struct Run: Hashable, Sendable {
        /// The partition's position in the table.
        package let partition: Int
        package let range: Range<Int>
    }

    package let table: PlacedTable
    /// Positions of the request's keys, partition after partition, each in the request's order.
    package let order: [Int32]
    /// Partitions that have keys, in order.
    package let runs: [Run]

    /// Groups `keys` by a counting sort over the table's equal bucket ranges.
    package init(_ keys: [UInt64], to table: PlacedTable) {
        self.table = table
        let width = table.partitions.first?.range.count ?? 1
        let shift = UInt32(width.trailingZeroBitCount)
        let space = table.spec.keys
        var counts = [Int](repeating: 0, count: table.partitions.count + 1)
        let homes = keys.map { key in
            let home = Int(space.bucket(of: key) >> shift)
            counts[home + 1] += 1
            return home
        }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        var next = counts
        var order = [Int32](repeating: 0, count: keys.count)
        for (position, home) in homes.enumerated() {
            order[next[home]] = Int32(position)
            next[home] += 1
        }
        self.order = order
        runs = table.partitions.indices.compactMap { partition in
            let range = counts[partition]..<counts[partition + 1]
            return range.isEmpty ? nil : Run(partition: partition, range: range)
        }
    }
}
