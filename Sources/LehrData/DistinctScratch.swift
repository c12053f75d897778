import LehrCore

/// A reusable open-addressing table that numbers keys in order of first occurrence.
///
/// A slot belongs to the current pass only when it bears the pass's stamp, so that starting a pass
/// costs nothing. Not shared between threads.
package final class DistinctScratch {
    private struct Slot {
        var key: UInt64
        var stamp: UInt32
        var number: Int32
    }

    private var slots: UnsafeMutablePointer<Slot>
    /// A power of two.
    private var capacity: Int
    private var stamp: UInt32 = 0

    package init() {
        capacity = 1 << 10
        slots = Self.allocate(capacity)
    }

    deinit { slots.deallocate() }

    /// Appends to `distinct` each key the first time it occurs and writes to `numbers`, for each of
    /// `keys`, its position in `distinct`.
    ///
    /// `numbers` has room for all keys; `distinct` for as many, and its used length is returned.
    func number(
        _ keys: UnsafeBufferPointer<UInt64>, distinct: UnsafeMutablePointer<UInt64>,
        numbers: UnsafeMutablePointer<Int32>
    ) -> Int {
        begin(keyCount: keys.count)
        let mask = capacity - 1
        let slots = slots
        let stamp = stamp
        var count = 0
        for index in 0..<keys.count {
            let key = keys[index]
            var position = Int(truncatingIfNeeded: mixed(key)) & mask
            while slots[position].stamp == stamp, slots[position].key != key {
                position = (position + 1) & mask
            }
            if slots[position].stamp != stamp {
                slots[position] = Slot(key: key, stamp: stamp, number: Int32(count))
                distinct[count] = key
                count += 1
            }
            numbers[index] = slots[position].number
        }
        return count
    }

    /// Makes all slots free and their number at least twice that of the keys.
    private func begin(keyCount: Int) {
        if capacity < keyCount * 2 {
            while capacity < keyCount * 2 { capacity *= 2 }
            slots.deallocate()
            slots = Self.allocate(capacity)
            stamp = 0
        }
        if stamp == .max {
            for index in 0..<capacity { slots[index].stamp = 0 }
            stamp = 0
        }
        stamp += 1
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        slots.initialize(repeating: Slot(key: 0, stamp: 0, number: 0), count: capacity)
        return slots
    }
}
