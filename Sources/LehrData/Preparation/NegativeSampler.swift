import LehrCore

/// Draws items that a user has not chosen, uniformly and without repetition.
struct NegativeSampler {
    private let universe: [UInt32]
    /// By item: the number of the draw that excludes it.
    private var marks: [UInt32]
    private var draw: UInt32 = 0

    /// `universe` holds distinct item numbers below `itemCount`.
    init(universe: [UInt32], itemCount: Int) {
        self.universe = universe
        marks = [UInt32](repeating: 0, count: itemCount)
    }

    /// `count` items, or all there are when there are fewer.
    mutating func sample(
        _ count: Int, unseen seen: [UInt32], random: consuming RandomSource
    ) -> [UInt32] {
        begin()
        for item in seen { marks[Int(item)] = draw }
        // Few are excluded: try items until enough are new, at most 4/3 tries each on average.
        guard universe.count < 4 * (seen.count + count) else {
            var chosen: [UInt32] = []
            while chosen.count < count {
                let item = universe[random.below(universe.count)]
                guard marks[Int(item)] != draw else { continue }
                marks[Int(item)] = draw
                chosen.append(item)
            }
            return chosen
        }
        var rest = universe.filter { marks[Int($0)] != draw }
        let wanted = min(count, rest.count)
        for index in 0..<wanted { rest.swapAt(index, index + random.below(rest.count - index)) }
        return Array(rest[..<wanted])
    }

    private mutating func begin() {
        if draw == .max {
            marks = [UInt32](repeating: 0, count: marks.count)
            draw = 0
        }
        draw += 1
    }
}
