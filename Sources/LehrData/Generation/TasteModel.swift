import LehrCore

/// Users and items with planted tastes: every item belongs to one taste, every user has three.
///
/// Most choices of a user are drawn from the items of a taste of that user, one in ten from all
/// items; in both cases by popularity, which falls as `1 / (rank + offset)` (Zipf and Mandelbrot).
/// Who knows the tastes ranks far better than who knows the popularity alone. Weights are sums of
/// quotients only, so that the result does not depend on a mathematics library.
struct TasteModel {
    /// The taste of each item.
    let tasteOfItem: [Int]
    /// Items of each taste with their weights.
    private let byTaste: [WeightedItems]
    private let all: WeightedItems

    init(options: GeneratorOptions) {
        let ranks = shuffled(
            count: options.items, random: RandomSource(seed: options.seed, path: 0x20))
        let tastes = shuffled(
            count: options.items, random: RandomSource(seed: options.seed, path: 0x21)
        ).map { Int($0) % options.tastes }
        // A hundredth of the items: with it popularity alone is worth something, though not much.
        let offset = Double(max(options.items / 100, 1))
        let weights = ranks.map { 1 / (Double($0) + offset) }
        tasteOfItem = tastes
        all = WeightedItems(items: Array(0..<options.items), weights: weights)
        byTaste = (0..<options.tastes).map { taste in
            WeightedItems(
                items: tastes.indices.filter { tastes[$0] == taste }, weights: weights)
        }
    }

    /// One choice, which may repeat an earlier one: the item and whether a taste led to it.
    func choose(
        tastes: [Int], random: inout RandomSource
    ) -> (item: Int, fromTaste: Bool) {
        guard random.below(10) > 0 else { return (all.draw(&random), false) }
        // The first taste half of the time, the others a quarter each.
        let position = [0, 0, 1, 2][random.below(4)]
        return (byTaste[tastes[position]].draw(&random), true)
    }

    /// Three different tastes.
    static func drawTastes(count: Int, random: inout RandomSource) -> [Int] {
        var tastes: [Int] = []
        while tastes.count < 3 {
            let taste = random.below(count)
            if !tastes.contains(taste) { tastes.append(taste) }
        }
        return tastes
    }
}

/// Items drawn in proportion to their weights, by bisection of the running sums.
private struct WeightedItems {
    private let items: [Int]
    private let sums: [Double]

    /// `weights` has one for every item there is; `items` names those that can be drawn.
    init(items: [Int], weights: [Double]) {
        var sum = 0.0
        self.items = items
        sums = items.map { item in
            sum += weights[item]
            return sum
        }
    }

    func draw(_ random: inout RandomSource) -> Int {
        let target = Double(random.next() >> 11) * 0x1p-53 * (sums.last ?? 0)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > target { high = middle } else { low = middle + 1 }
        }
        return items[low]
    }
}
