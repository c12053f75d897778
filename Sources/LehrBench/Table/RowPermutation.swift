import LehrCore

/// A permutation of `0 ..< count` that is computed, not stored.
///
/// Rounds of multiplication and shift permute the numbers of as many bits as `count` needs; one that
/// comes out beyond `count` is permuted again, which ends because its cycle leads back below.
struct RowPermutation: Sendable {
    private let count: UInt64
    private let mask: UInt64
    private let shift: UInt64
    /// Of each round: odd, so that it has an inverse.
    private let factors: [UInt64]

    init(count: Int, random: inout RandomSource) {
        precondition(count > 0, "a permutation has places")
        self.count = UInt64(count)
        let bits = UInt64(max(64 - (count - 1).leadingZeroBitCount, 1))
        mask = 1 << bits - 1
        shift = (bits + 1) / 2
        factors = (0..<3).map { _ in random.next() | 1 }
    }

    subscript(place: Int) -> Int {
        var value = UInt64(place)
        precondition(value < count, "a place of a permutation is below its count")
        repeat { value = scrambled(value) } while value >= count
        return Int(value)
    }

    private func scrambled(_ value: UInt64) -> UInt64 {
        factors.reduce(value) { value, factor in
            // The addition moves zero, which every factor leaves where it is.
            let product = (value &* factor &+ factor >> 32) & mask
            return product ^ product >> shift
        }
    }
}
