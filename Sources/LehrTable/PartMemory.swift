/// The floor of one part and the batches applied at or above it: a ring of bits.
package struct PartMemory: Hashable, Sendable, Codable {
    package let part: UInt32
    package private(set) var floor: UInt64 = 0
    /// Bit `b % window` stands for batch `b` of `floor ..< floor + window`.
    package private(set) var bits: [UInt64]

    init(part: UInt32, window: Int) {
        self.part = part
        bits = [UInt64](repeating: 0, count: window / 64)
    }

    package init(part: UInt32, floor: UInt64, bits: [UInt64]) {
        self.part = part
        self.floor = floor
        self.bits = bits
    }

    var window: Int { 64 * bits.count }

    func state(of batch: UInt64) -> AppliedSet.Admission {
        guard batch >= floor else { return .duplicate }
        guard batch - floor < UInt64(window) else { return .exhausted }
        let (word, mask) = place(of: batch)
        return bits[word] & mask == 0 ? .apply : .duplicate
    }

    /// `batch` must lie in the window.
    mutating func insert(_ batch: UInt64) {
        let (word, mask) = place(of: batch)
        bits[word] |= mask
    }

    /// Raises the floor to `batch`, freeing the bits that fall below it for what comes above.
    mutating func advance(to batch: UInt64) {
        guard batch > floor else { return }
        if batch - floor >= UInt64(window) {
            for word in bits.indices { bits[word] = 0 }
        } else {
            for passed in floor..<batch {
                let (word, mask) = place(of: passed)
                bits[word] &= ~mask
            }
        }
        floor = batch
    }

    private func place(of batch: UInt64) -> (word: Int, mask: UInt64) {
        let bit = Int(batch % UInt64(window))
        return (bit / 64, 1 << UInt64(bit % 64))
    }
}
