/// Keeps the blocks used last, by file, within a bound of memory.
///
/// A block that was evicted stays valid for whoever still holds it; the bound counts only what the
/// cache itself keeps.
package struct BlockCache {
    private struct Entry {
        let block: Block
        var lastUse: UInt64
    }

    package let byteLimit: Int
    package private(set) var byteCount = 0
    package private(set) var hits = 0
    package private(set) var misses = 0
    package private(set) var evictions = 0
    private var entries: [String: Entry] = [:]
    /// Grows at each use; no two entries bear the same number.
    private var uses: UInt64 = 0

    package init(byteLimit: Int = DataLimits.blockCacheBytes) {
        precondition(byteLimit > 0, "a cache holds at least a byte")
        self.byteLimit = byteLimit
    }

    package var count: Int { entries.count }

    /// The block of `file` when it is here; counts as a use.
    package mutating func block(of file: String) -> Block? {
        uses += 1
        guard let block = entries[file]?.block else {
            misses += 1
            return nil
        }
        entries[file]?.lastUse = uses
        hits += 1
        return block
    }

    /// Takes a block in, evicting those unused for longest; one larger than the whole bound is
    /// refused and changes nothing.
    package mutating func insert(_ block: Block) throws(DataError) {
        guard block.byteCount <= byteLimit else {
            throw .blockTooLarge(
                file: block.file, byteCount: block.byteCount, limit: byteLimit)
        }
        remove(block.file)
        while byteCount > byteLimit - block.byteCount, let oldest = leastRecentlyUsed() {
            remove(oldest)
            evictions += 1
        }
        uses += 1
        entries[block.file] = Entry(block: block, lastUse: uses)
        byteCount += block.byteCount
    }

    /// The block of `file`, loaded and kept when it is not here.
    package mutating func block(
        of file: String, load: () throws(DataError) -> Block
    ) throws(DataError) -> Block {
        if let block = block(of: file) { return block }
        let block = try load()
        try insert(block)
        return block
    }

    package mutating func remove(_ file: String) {
        guard let entry = entries.removeValue(forKey: file) else { return }
        byteCount -= entry.block.byteCount
    }

    private func leastRecentlyUsed() -> String? {
        entries.min { $0.value.lastUse < $1.value.lastUse }?.key
    }
}
