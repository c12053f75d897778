import LehrCore

/// The order in which the examples of one part are trained: a function of the job's seed, the
/// epoch, the file's position and the number of examples alone.
///
/// Fisher and Yates' shuffle of `0 ..< count`.
package func localShuffle(count: Int, seed: UInt64, epoch: UInt64, file: Int) -> [UInt32] {
    // 0x0b: the purpose "order of examples in a block", apart from other streams of the same seed.
    shuffled(count: count, random: RandomSource(seed: seed, path: 0x0B, epoch, UInt64(file)))
}

/// `0 ..< count` in a random order.
func shuffled(count: Int, random: consuming RandomSource) -> [UInt32] {
    precondition(count <= Int(UInt32.max), "an order has 32-bit positions")
    var order = [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = UInt32(index) }
        initialized = count
    }
    order.withUnsafeMutableBufferPointer { buffer in
        for index in stride(from: count - 1, to: 0, by: -1) {
            buffer.swapAt(index, random.below(index + 1))
        }
    }
    return order
}
