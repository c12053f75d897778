/// A seeded generator: the same seed gives the same numbers on every machine and in every replay.
///
/// SplitMix64 (Steele, Lea and Flood 2014): one 64-bit state, passes BigCrush, and any seed is good.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A generator for one purpose among many: streams of distinct `path`s are independent.
    package init(seed: UInt64, path: UInt64...) {
        state = path.reduce(mixed(seed)) { mixed($0 ^ mixed($1 &+ 0x9E37_79B9_7F4A_7C15)) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }

    /// Uniform in `[0, 1)`, with 24 random bits.
    package mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Uniform in `0 ..< bound` by Lemire's multiply-shift; the bias is below `bound / 2^64`.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a bound of a random index is positive")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}
