import LehrCore

/// How often each item occurs in training: what the logQ correction knows, and what negatives are
/// drawn from.
package struct ItemDistribution: Sendable {
    package let keys: [UInt64]
    /// `cumulative[i]` is the sum of the counts of items `0 ... i`.
    private let cumulative: [UInt64]
    private let positions: [UInt64: Int32]
    private let counts: [UInt64]

    package static let empty = ItemDistribution(keys: [], counts: [])

    /// Distinct `keys` with their training counts, in the order of the data set's items.
    package init(keys: [UInt64], counts: [UInt64]) {
        precondition(keys.count == counts.count, "each item has a count")
        self.keys = keys
        self.counts = counts
        var total: UInt64 = 0
        cumulative = counts.map {
            total += $0
            return total
        }
        positions = Dictionary(
            zip(keys, keys.indices.map { Int32($0) }), uniquingKeysWith: { first, _ in first })
    }

    package var total: UInt64 { cumulative.last ?? 0 }

    func position(of key: UInt64) -> Int? { positions[key].map { Int($0) } }

    /// The share of the training examples that have the item at `position`; an item that never
    /// occurs, or is unknown (nil), counts once.
    func share(at position: Int?) -> Float {
        let count = position.map { Swift.max(counts[$0], 1) } ?? 1
        return Float(Double(count) / Double(Swift.max(total, 1)))
    }

    /// The position of an item, drawn uniformly or in proportion to the counts.
    func draw(
        _ distribution: TwoTowerSpec.NegativeDistribution, _ random: inout RandomSource
    ) -> Int {
        guard distribution == .popularity, total > 0 else { return random.below(keys.count) }
        let target = random.next().multipliedFullWidth(by: total).high
        // The first item whose cumulative count is above the target.
        var (low, high) = (0, cumulative.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > target { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The probability that one draw gives the item at `position`.
    func probability(
        at position: Int?, _ distribution: TwoTowerSpec.NegativeDistribution
    ) -> Float {
        guard distribution == .popularity, total > 0 else { return 1 / Float(keys.count) }
        return share(at: position)
    }
}
