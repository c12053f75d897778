import LehrCore

/// Draws negatives and gives each distinct one a place among a batch's item keys.
final class NegativeSampler {
    private let items: ItemDistribution
    private let distribution: TwoTowerSpec.NegativeDistribution
    /// Row among the batch's keys by position in the distribution; -1 outside of the batch.
    private var rows: [Int32]
    private var touched: [Int] = []
    /// The batch's item keys, and where the distribution knows them.
    private(set) var keys: [UInt64] = []
    private(set) var positions: [Int?] = []

    init(items: ItemDistribution, distribution: TwoTowerSpec.NegativeDistribution) {
        self.items = items
        self.distribution = distribution
        rows = Array(repeating: -1, count: items.keys.count)
    }

    /// Forgets the batch before and begins with the items that occur in this one.
    func begin(_ distinct: [UInt64]) {
        for position in touched { rows[position] = -1 }
        touched.removeAll(keepingCapacity: true)
        keys = distinct
        positions.removeAll(keepingCapacity: true)
        for (row, key) in distinct.enumerated() {
            let position = items.position(of: key)
            positions.append(position)
            if let position { mark(position, row) }
        }
    }

    private func mark(_ position: Int, _ row: Int) {
        rows[position] = Int32(row)
        touched.append(position)
    }

    /// The row, among `keys`, of one drawn item.
    func draw(_ random: inout RandomSource) -> Int32 {
        let position = items.draw(distribution, &random)
        if rows[position] >= 0 { return rows[position] }
        mark(position, keys.count)
        keys.append(items.keys[position])
        positions.append(position)
        return rows[position]
    }
}
