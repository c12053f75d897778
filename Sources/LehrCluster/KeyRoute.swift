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
    /// Positions of the request's keys, partition after partition: each in the request's order, or by
    /// ascending key where the table's keys travel as differences.
    package let order: [Int32]
    /// Partitions that have keys, in order.
    package let runs: [Run]

    /// Whether `order` is the request's own: then a run is a piece of the request.
    package let isInOrder: Bool

    /// Groups `keys` (`KeyWidth.words` of each) by a counting sort over the table's equal bucket
    /// ranges.
    package init(_ keys: [UInt64], to table: PlacedTable) {
        self.table = table
        let count = table.keyCount(words: keys.count)
        let isDelta = table.keyFormat == .delta
        guard table.partitions.count > 1 else {
            order = isDelta ? ascendingOrder(of: keys) : Self.inOrder(count)
            isInOrder = !isDelta
            runs = count == 0 ? [] : [Run(partition: 0, range: 0..<count)]
            return
        }
        // Where each partition's run begins, moved on to its end while it is filled.
        var ends = [Int](repeating: 0, count: table.partitions.count + 1)
        var isGrouped = true
        order = withUnsafeTemporaryAllocation(of: UInt16.self, capacity: count) { homes in
            isGrouped = Self.findHomes(
                Self.places(of: keys, table.spec.storage.keyWidth), table, homes, &ends)
            for index in 1..<ends.count { ends[index] += ends[index - 1] }
            guard isDelta || !isGrouped else {
                ends.removeFirst()
                return Self.inOrder(count)
            }
            return Self.sorted(homes, by: isDelta ? ascendingOrder(of: keys) : nil, &ends)
        }
        isInOrder = isGrouped && !isDelta
        var start = 0
        runs = table.partitions.indices.compactMap { partition in
            let range = start..<ends[partition]
            start = range.upperBound
            return range.isEmpty ? nil : Run(partition: partition, range: range)
        }
    }

    private static func inOrder(_ count: Int) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: count) { order, filled in
            for position in 0..<count { order[position] = Int32(truncatingIfNeeded: position) }
            filled = count
        }
    }

    /// Finds the partition of each key, and counts those of partition `p` in `counts[p + 1]`; true if
    /// no key comes before one of an earlier partition.
    private static func findHomes(
        _ places: [UInt64], _ table: PlacedTable, _ homes: UnsafeMutableBufferPointer<UInt16>,
        _ counts: inout [Int]
    ) -> Bool {
        let width = table.partitions.first?.range.count ?? 1
        let shift = UInt32(width.trailingZeroBitCount)
        let space = table.spec.keys
        // A bucket is below 2^16, so that the tests below are not needed for each key.
        precondition(counts.count > Int((BucketRange.bucketCount - 1) >> shift) + 1)
        precondition(homes.count == places.count)
        var isGrouped = true
        places.withUnsafeBufferPointer { places in
            counts.withUnsafeMutableBufferPointer { counts in
                var last: UInt32 = 0
                for position in 0..<places.count {
                    let home = space.bucket(of: places[position]) >> shift
                    homes[position] = UInt16(truncatingIfNeeded: home)
                    counts[Int(home) &+ 1] &+= 1
                    isGrouped = isGrouped && last <= home
                    last = home
                }
            }
        }
        return isGrouped
    }

    /// Positions by partition, and within one by `order`, or ascending. `ends` has where each begins,
    /// and then where it ends.
    private static func sorted(
        _ homes: UnsafeMutableBufferPointer<UInt16>, by order: [Int32]?, _ ends: inout [Int]
    ) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: homes.count) { sorted, filled in
            filled = homes.count
            ends.withUnsafeMutableBufferPointer { next in
                func place(_ position: Int32) {
                    let home = Int(homes[Int(position)])
                    sorted[next[home]] = position
                    next[home] &+= 1
                }
                if let order {
                    for position in order { place(position) }
                } else {
                    for position in 0..<Int32(homes.count) { place(position) }
                }
            }
        }
    }

    /// The 64-bit keys that keys are placed by.
    private static func places(of keys: [UInt64], _ width: KeyWidth) -> [UInt64] {
        switch width {
        case .bits64: keys
        case .bits128:
            stride(from: 0, to: keys.count - 1, by: 2).map { foldedKey(keys[$0], keys[$0 + 1]) }
        }
    }
}

extension PlacedTable {
    /// Keys of 128 bits are always sent whole.
    var keyFormat: KeyFormat {
        spec.storage.keyWidth == .bits64 ? spec.wire.keys : .raw
    }

    /// Keys in so many words of a request.
    func keyCount(words: Int) -> Int { words / spec.storage.keyWidth.words }
}
