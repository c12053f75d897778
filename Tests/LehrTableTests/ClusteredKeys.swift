import LehrCore

@testable import LehrTable

/// Keys that crowd together in an index: few homes, few tags, few directory bits.
struct ClusteredKeys {
    /// The words of each key.
    let keys: [[UInt64]]

    /// - Parameter homes: buckets that the keys are of, from 127 on around the end of a segment.
    init(count: Int, homes: Int, tags: Int, isWide: Bool, _ random: inout RandomSource) {
        var known: Set<[UInt64]> = []
        while known.count < count {
            let home = UInt64((127 + random.below(homes)) % 128)
            known.insert(Self.key(Self.low(random.below(tags)), home, isWide, &random))
        }
        keys = known.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Among the first are those that mean something else as a tag, and what these are moved to.
    private static func low(_ tag: Int) -> UInt64 {
        let special: [UInt64] = [0, 1, 1 << 30, 1 << 30 | 1, 2, 0x7FFF_FFFF]
        return tag < special.count ? special[tag] : UInt64(tag) &* 0x9E37_79B9 & 0x7FFF_FFFF
    }

    private static func key(
        _ low: UInt64, _ home: UInt64, _ isWide: Bool, _ random: inout RandomSource
    ) -> [UInt64] {
        // What is neither tag nor bucket: bit 31 and those from 39 on, partitions' among them.
        let rest = random.next() & ~(UInt64(0x7F) << 32 | 0x7FFF_FFFF)
        let folded = unmixed(rest | home << 32 | low)
        guard isWide else { return [folded] }
        let high = UInt64(random.below(3))
        return [folded ^ foldedKey(0, high), high]
    }
}
