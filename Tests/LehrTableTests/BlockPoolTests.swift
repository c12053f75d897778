import LehrCore
import Testing

@testable import LehrTable

@Suite struct BlockPoolTests {
    @Test func blocksAreAlignedAndApart() throws {
        let pool = BlockPool()
        var random = RandomSource(seed: 3)
        var blocks: [(start: UInt, byteCount: Int)] = []
        var used = 0
        for _ in 0..<2000 {
            if blocks.isEmpty || random.below(5) < 3 {
                let byteCount = BlockPool.smallestBlock << random.below(6)
                let block = try #require(pool.take(byteCount))
                let start = UInt(bitPattern: block)
                #expect(start % UInt(byteCount) == 0)
                for other in blocks {
                    #expect(
                        start + UInt(byteCount) <= other.start
                            || other.start + UInt(other.byteCount) <= start)
                }
                block.storeBytes(of: 1, as: UInt8.self)
                blocks.append((start, byteCount))
                used += byteCount
            } else {
                let (start, byteCount) = blocks.remove(at: random.below(blocks.count))
                pool.give(try #require(UnsafeMutableRawPointer(bitPattern: start)), byteCount)
                used -= byteCount
            }
            #expect(pool.bytesUsed == used)
            #expect(pool.bytesReserved >= used)
        }
        for block in blocks {
            pool.give(
                try #require(UnsafeMutableRawPointer(bitPattern: block.start)), block.byteCount)
        }
        #expect(pool.bytesUsed == 0)
        // All but the pages kept ready go back to the system, one by one.
        while pool.hasSurplus {
            let before = pool.bytesReserved
            #expect(pool.trim() && pool.bytesReserved == before - BlockPool.page)
        }
        #expect(!pool.trim() && pool.bytesReserved == 2 * BlockPool.page)
    }

    @Test func theLimitHolds() throws {
        let pool = BlockPool(byteLimit: 3 * BlockPool.page + 5)
        for _ in 0..<3 { #expect(pool.take(BlockPool.page) != nil) }
        #expect(pool.take(BlockPool.page) == nil)
        #expect(pool.take(BlockPool.smallestBlock) == nil)
        #expect(pool.bytesReserved == 3 * BlockPool.page)
    }

    @Test func partitionsOfOnePoolShareItsLimit() throws {
        let pool = BlockPool(byteLimit: 2 * BlockPool.page)
        let partitions = try BucketRange.even(bits: 1).map {
            try TablePartition(
                spec: .sample(keys: .rows(200_000), dimension: 1), range: $0, pool: pool)
        }
        var refused = 0
        for start in stride(from: 0 as UInt64, to: 100_000, by: 500) {
            for (partition, base) in zip(partitions, [0, 100_000] as [UInt64]) {
                let keys = (base + start..<base + start + 500).map { $0 }
                refused += partition.push(keys, keys.map { _ in 1 }).refusedAtLimit
            }
        }
        #expect(refused > 0)
        #expect(pool.bytesReserved <= 2 * BlockPool.page)
        let reserved = partitions.reduce(0) {
            $0 + $1.store.bytesReserved - $1.store.index.directory.bytesUsed
        }
        #expect(reserved == pool.bytesUsed)
    }

    @Test func aPartitionThatGoesGivesEverythingBack() throws {
        let pool = BlockPool()
        for dimension in [1, 300] {
            let partition = try TablePartition(
                spec: .sample(dimension: dimension), range: wholeRange, pool: pool)
            let keys = (0..<10_000).map { UInt64($0) }
            partition.push(keys, [Float](repeating: 1, count: keys.count * dimension))
            #expect(pool.bytesUsed > 0)
        }
        #expect(pool.bytesUsed == 0)
        while pool.trim() {}
        #expect(pool.bytesReserved == 2 * BlockPool.page)
    }

    @Test func itIsSaidOnceThereIsSomethingToGiveBack() {
        let pool = BlockPool(sparePages: 1)
        var calls = 0
        pool.onSurplus = { calls += 1 }
        let pages = (0..<3).map { _ in pool.take(BlockPool.page) }
        for page in pages { page.map { pool.give($0, BlockPool.page) } }
        #expect(calls == 2 && pool.hasSurplus)
        // What is free is used before anything is asked of the system.
        for _ in 0..<3 { #expect(pool.take(BlockPool.page).map(pages.contains) == true) }
        #expect(pool.bytesReserved == 3 * BlockPool.page && !pool.hasSurplus)
    }

    /// Pages asked for ahead are there to be used, also when nobody touches them in time.
    @Test func atTheLimitPagesOnTheirWayAreTakenBack() {
        let pool = BlockPool(byteLimit: 3 * BlockPool.page, preparedPages: 2)
        pool.startPreparing()
        var pages: Set<UnsafeMutableRawPointer> = []
        for _ in 0..<3 {
            #expect(pool.hasRoom(BlockPool.page))
            pool.take(BlockPool.page).map { _ = pages.insert($0) }
        }
        #expect(pages.count == 3 && pool.bytesUsed == 3 * BlockPool.page)
        #expect(!pool.hasRoom(BlockPool.page) && pool.take(BlockPool.page) == nil)
        #expect(pool.prepared.touchRequested() == 0)
    }

    @Test func partsOfAPageAreRoomForParts() {
        let pool = BlockPool(byteLimit: BlockPool.page)
        #expect(pool.hasRoom(BlockPool.page))
        _ = pool.take(BlockPool.page / 2)
        #expect(!pool.hasRoom(BlockPool.page))
        #expect(pool.hasRoom(BlockPool.page / 2) && pool.hasRoom(BlockPool.smallestBlock))
        _ = pool.take(BlockPool.page / 4)
        #expect(!pool.hasRoom(BlockPool.page / 2) && pool.hasRoom(BlockPool.page / 4))
    }

    @Test func aRequestIsAnnouncedOnceAPage() {
        let pool = BlockPool(preparedPages: 4)
        var requests = 0
        pool.onRequest = { requests += 1 }
        pool.startPreparing()
        #expect(requests == 1)
        #expect(pool.prepared.touchRequested() == 4)
        for taken in 1...3 {
            _ = pool.take(BlockPool.page)
            #expect(requests == 1 + taken)
        }
        for _ in 0..<31 { _ = pool.take(BlockPool.smallestBlock) }
        #expect(requests == 5)
    }

    @Test func preparedPagesArriveTouched() throws {
        let pool = BlockPool(sparePages: 0, preparedPages: 4)
        pool.startPreparing()
        #expect(pool.prepared.touchRequested() == 4)
        #expect(pool.prepared.touchRequested() == 0)
        for _ in 0..<4 { #expect(pool.take(BlockPool.page) != nil) }
        #expect(pool.pagesUnprepared == 0)
        // Each page taken had another asked for, which nobody has touched yet.
        #expect(pool.take(BlockPool.page) != nil)
        #expect(pool.pagesUnprepared == 1)
        #expect(pool.prepared.touchRequested() == 4)
        pool.prepared.close()
        #expect(pool.take(BlockPool.page) != nil)
        #expect(pool.prepared.touchRequested() == 0)
    }
}
