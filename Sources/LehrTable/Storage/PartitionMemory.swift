/// A partition's share of its core's memory, exactly counted and bounded.
final class PartitionMemory {
    let byteLimit: Int
    /// Bytes of the blocks taken, and of directories.
    private(set) var bytesReserved = 0
    private let pool: BlockPool

    init(pool: BlockPool, byteLimit: Int) {
        self.pool = pool
        self.byteLimit = byteLimit
    }

    func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard byteCount <= byteLimit - bytesReserved, let block = pool.take(byteCount) else {
            return nil
        }
        bytesReserved += byteCount
        return block
    }

    /// Counts memory that does not come from the pool; false at the limit.
    func count(_ byteCount: Int) -> Bool {
        guard byteCount <= byteLimit - bytesReserved else { return false }
        bytesReserved += byteCount
        return true
    }

    func discount(_ byteCount: Int) { bytesReserved -= byteCount }

    func give(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
        pool.give(block, byteCount)
        bytesReserved -= byteCount
    }
}
