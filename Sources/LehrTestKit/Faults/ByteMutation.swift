package import LehrCore

extension [UInt8] {
    /// A few changes at random: bytes, cuts, insertions, large numbers; now and then noise from the
    /// start; now and then none.
    package mutating func mutate(_ random: inout RandomSource) {
        if random.below(12) == 0 {
            self = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
        }
        for _ in 0..<random.below(4) where !isEmpty {
            let position = random.below(count)
            switch random.below(6) {
            case 0: self[position] = UInt8(random.below(256))
            case 1: self[position] ^= 1 << UInt8(random.below(8))
            case 2: removeSubrange(position...)
            case 3: insert(UInt8(random.below(256)), at: position)
            case 4: remove(at: position)
            default:
                // The largest 64-bit varint.
                let most = [UInt8](repeating: 0xFF, count: 9) + [0x01]
                replaceSubrange(position..<position + 1, with: most)
            }
        }
    }
}
