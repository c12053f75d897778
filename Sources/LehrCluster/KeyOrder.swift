/// Positions of `keys`, at most 2^31 - 1 of them, by ascending key; equal keys in their own order.
///
/// A radix sort from the lowest byte on, which passes over bytes that are the same in all keys, so that
/// ids below 2^24 take three passes, and hashes eight.
func ascendingOrder(of keys: [UInt64]) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: keys.count) { order, filled in
        filled = keys.count
        for position in 0..<keys.count { order[position] = Int32(position) }
        guard !zip(keys, keys.dropFirst()).allSatisfy({ $0 <= $1 }) else { return }
        let differing = keys.reduce(0) { $0 | ($1 ^ keys[0]) }
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: keys.count) { other in
            keys.withUnsafeBufferPointer { keys in
                var (source, target) = (order, other)
                for shift in stride(from: 0, to: 64, by: 8)
                where differing >> UInt64(shift) & 255 != 0 {
                    pass(over: keys, shift, from: source, to: target)
                    swap(&source, &target)
                }
                if source.baseAddress != order.baseAddress {
                    _ = order.update(fromContentsOf: source)
                }
            }
        }
    }
}

/// Sorts positions by one byte of their keys.
private func pass(
    over keys: UnsafeBufferPointer<UInt64>, _ shift: Int,
    from source: UnsafeMutableBufferPointer<Int32>, to target: UnsafeMutableBufferPointer<Int32>
) {
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { places in
        places.initialize(repeating: 0)
        for key in keys { places[Int(key >> UInt64(shift) & 255)] += 1 }
        var start = 0
        for digit in 0..<256 { (places[digit], start) = (start, start + places[digit]) }
        for position in source {
            let digit = Int(keys[Int(position)] >> UInt64(shift) & 255)
            target[places[digit]] = position
            places[digit] += 1
        }
    }
}
