import LehrCore

/// The keys of a table and batches of them: the same for the same seed, so that every table that is
/// measured has the same rows and is asked for the same.
struct KeyStream {
    /// How often which row is asked for.
    enum Law: Sendable {
        case uniform
        /// The row of rank k is drawn with a probability proportional to `k^-exponent`; the
        /// exponent is above 1.
        case zipf(exponent: Double)
    }

    static let rowsMax = 1_000_000_000

    let rowCount: Int
    private let seed: UInt64
    private var random: RandomSource
    private let ranks: ZipfSampler?
    /// The row of a rank: popular rows do not lie together.
    private let places: RowPermutation

    init(rowCount: Int, law: Law, seed: UInt64) {
        precondition((1...Self.rowsMax).contains(rowCount), "a table has 1 to 10^9 rows")
        self.rowCount = rowCount
        self.seed = seed
        random = RandomSource(seed: seed, path: 1)
        ranks =
            switch law {
            case .uniform: nil
            case .zipf(let exponent): ZipfSampler(count: rowCount, exponent: exponent)
            }
        places = RowPermutation(count: rowCount, random: &random)
    }

    /// The key of row `row` in the order of creation: distinct for distinct rows, and without order.
    func key(ofRow row: Int) -> UInt64 { mixed(mixed(seed) &+ UInt64(row)) }

    /// The next batches, of `size` distinct keys each, as a worker's have none twice. `size` is at
    /// most half of the table's rows: the last ones would be drawn for long.
    mutating func next(_ count: Int, batchesOf size: Int) -> KeyBatches {
        precondition(
            size > 0 && size <= max(rowCount / 2, 1), "a batch has half of the rows at most")
        var keys: [UInt64] = []
        keys.reserveCapacity(count * size)
        var drawn = Set<Int>(minimumCapacity: size)
        for _ in 0..<count {
            drawn.removeAll(keepingCapacity: true)
            while drawn.count < size {
                let row = drawRow()
                if drawn.insert(row).inserted { keys.append(key(ofRow: row)) }
            }
        }
        return KeyBatches(keys: keys, count: count, size: size)
    }

    private mutating func drawRow() -> Int {
        guard let ranks else { return random.below(rowCount) }
        return places[ranks.draw(&random) - 1]
    }
}
