import LehrCore

/// The weight of a row that nobody has pushed: a function of the table's seed and the key alone.
///
/// The same bits on any shard, core, machine or replay, in any order of asking. Key `k` draws from
/// the stream `RandomSource(seed: spec.seed, path: k)`, one draw for each float.
package struct InitialRow: Sendable {
    private let initializer: Initializer
    private let dimension: Int
    private let mixedSeed: UInt64

    package init(spec: TableSpec) {
        initializer = spec.initializer
        dimension = spec.dimension
        mixedSeed = mixed(spec.seed)
    }

    /// Whether it is the same for all keys.
    var isConstant: Bool {
        if case .constant = initializer { return true }
        return false
    }

    /// Writes the `spec.dimension` floats of `key`'s weight to `weight`.
    package func fill(key: UInt64, into weight: UnsafeMutablePointer<Float>) {
        switch initializer {
        case .constant(let value):
            weight.update(repeating: value, count: dimension)
        case .uniform(let low, let high):
            var state = start(key)
            // The sum can round up to `high`, which is outside.
            let last = high.nextDown
            for i in 0..<dimension {
                let unit = Float(Self.draw(&state) >> 40) * 0x1p-24
                weight[i] = Swift.min(low + (high - low) * unit, last)
            }
        case .normal(let deviation):
            var state = start(key)
            for i in 0..<dimension {
                weight[i] = deviation * normalQuantile(Self.openUnit(&state))
            }
        case .truncatedNormal(let deviation):
            var state = start(key)
            // The share of a normal distribution below -2, and between -2 and 2.
            let below = 0.022750131948179207
            let between = 0.954499736103641586
            for i in 0..<dimension {
                let value = normalQuantile(below + between * Self.openUnit(&state))
                // The quantile is good to seven digits only.
                weight[i] = deviation * Swift.max(-2, Swift.min(value, 2))
            }
        }
    }

    private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

    private func start(_ key: UInt64) -> UInt64 {
        mixed(mixedSeed ^ mixed(key &+ Self.increment))
    }

    /// Uniform in (0, 1): 52 bits and a half, never 0, never 1, exact in a double.
    @inline(__always)
    private static func openUnit(_ state: inout UInt64) -> Double {
        (Double(draw(&state) >> 12) + 0.5) * 0x1p-52
    }

    /// `RandomSource.next()`, here so that it is inlined into the loops above.
    @inline(__always)
    private static func draw(_ state: inout UInt64) -> UInt64 {
        state &+= increment
        return mixed(state)
    }
}
