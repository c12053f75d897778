import Testing

@testable import LehrData

@Suite struct BlockCacheTests {
    /// A block of exactly `count` keys in one column.
    private func block(_ file: String, keys count: Int) -> Block {
        let keys = [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
            buffer.initialize(repeating: 1)
            initialized = count
        }
        return Block(
            file: file, count: count,
            columns: [BlockColumn(name: "user", offsets: [], keys: keys, values: [])], labels: [])
    }

    @Test func theLeastRecentlyUsedGoesFirst() throws {
        let size = block("a", keys: 1000).byteCount
        var cache = BlockCache(byteLimit: size * 2 + size / 2)
        try cache.insert(block("a", keys: 1000))
        try cache.insert(block("b", keys: 1000))
        #expect(cache.block(of: "a") != nil)
        try cache.insert(block("c", keys: 1000))
        #expect(cache.block(of: "b") == nil)
        #expect(cache.block(of: "a") != nil)
        #expect(cache.block(of: "c") != nil)
        #expect(cache.count == 2)
        #expect(cache.evictions == 1)
        #expect(cache.byteCount == size * 2)
        #expect(cache.hits == 3 && cache.misses == 1)
    }

    @Test func aBlockOverTheBoundChangesNothing() throws {
        let size = block("a", keys: 1000).byteCount
        var cache = BlockCache(byteLimit: size)
        try cache.insert(block("a", keys: 1000))
        #expect(throws: DataError.self) { try cache.insert(block("b", keys: 3000)) }
        #expect(cache.block(of: "a") != nil)
        #expect(cache.byteCount == size)
    }

    @Test func loadsOnceAndReplacesTheSameFile() throws {
        var cache = BlockCache(byteLimit: 1 << 20)
        var loads = 0
        for _ in 0..<3 {
            _ = try cache.block(of: "a") { () throws(DataError) in
                loads += 1
                return block("a", keys: 10)
            }
        }
        #expect(loads == 1)
        let before = cache.byteCount
        try cache.insert(block("a", keys: 10))
        #expect(cache.byteCount == before)
        cache.remove("a")
        #expect(cache.byteCount == 0)
    }
}
