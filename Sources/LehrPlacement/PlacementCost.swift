/// What a placement costs, term by term; lower is better. Memory above the limit comes before all
/// else: the other terms count between placements that have as much of it.
///
/// Loads are over capacity and over the ideal: 1 is the average of the resource of which the cluster
/// has least.
package struct PlacementCost: Sendable, Equatable {
    /// The highest load of any core (processor, memory) or shard (network).
    package var worst: Double
    /// Squares of what is above 1, over all cores, shards and resources.
    package var excess: Double
    /// Cores that a batch visits, over those it would visit if each partition were on a core of its
    /// own, as far as there are cores. A mean over groups.
    package var fanOut: Double
    /// Bytes that go to another shard, over all bytes.
    package var moved: Double
    /// Partitions of a core, on average.
    package var partitions: Double
    /// Memory above the hard limit, in cores' capacities; 0 unless nothing fits.
    package var overflow: Double

    /// The worst load comes first. One hundredth of it is worth as much as a third of all requests, a
    /// move of two hundredths of all bytes, or six partitions more on each core.
    package struct Weights: Sendable {
        package var excess = 1.0
        package var fanOut = 0.03
        package var moved = 0.5
        /// With 64 partitions on a core a key costs a tenth more than with one.
        package var partitions = 0.1 / 64

        package init() {}
    }

    /// All terms but the overflow.
    package func total(_ weights: Weights = Weights()) -> Double {
        worst + weights.excess * excess + weights.fanOut * fanOut + weights.moved * moved
            + weights.partitions * partitions
    }

    func isCheaper(than other: PlacementCost, _ weights: Weights) -> Bool {
        if Self.isLess(overflow, than: other.overflow) { return true }
        return !Self.isLess(other.overflow, than: overflow)
            && total(weights) < other.total(weights)
    }

    /// Whether one overflow is below another by more than sums may have been rounded by.
    static func isLess(_ overflow: Double, than other: Double) -> Bool {
        overflow < other - 1e-9 * max(1, other)
    }

    /// What one core or shard adds to `excess`.
    @inline(__always)
    static func excess(_ heat: SIMD4<Double>) -> Double {
        var above = heat - 1
        above.replace(with: 0, where: above .< 0)
        let squares = above * above
        return squares[0] + squares[1] + squares[2]
    }
}
