import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWire
import Testing

/// A core at the limit of its memory goes on with what it has.
@Suite struct MemoryTests {
    private static let keys = ShardScene.keys(200_000, of: 0)

    private func scene(_ storage: RowStorage) throws -> ShardScene {
        try ShardScene(pool: BlockPool(byteLimit: 4 * BlockPool.page), storage: storage)
    }

    private func push(_ scene: ShardScene, _ keys: [UInt64], batch: UInt64) {
        var push = PushFields(batch: batch)
        push.floor = batch
        push.slices = [
            .init(
                runs: [
                    .init(partition: 0, incarnation: 100, keyCount: UInt32(keys.count))
                ], keys: keys, gradients: [Float](repeating: 1, count: 2 * keys.count),
                shows: [Float](repeating: 1, count: keys.count))
        ]
        #expect(scene.push(push) == .success([1, 0]))
    }

    private func pull(_ scene: ShardScene, _ keys: [UInt64]) throws -> [Float] {
        var pull = PullFields()
        pull.slices = [
            .init(
                runs: [
                    .init(partition: 0, incarnation: 100, keyCount: UInt32(keys.count))
                ], keys: keys, gradients: [])
        ]
        return try scene.call(ShardMethods.pull, pull.encoded) { answer in
            each(answer.n_tables, answer.tables)[0].values.elements(of: Float.self)
                .map { Array($0) } ?? []
        }.get()
    }

    @Test func newKeysAreRefusedAndOldOnesGoOn() throws {
        let scene = try scene(RowStorage())
        for batch in 0..<20 {
            let first = batch * 10_000
            push(scene, Array(Self.keys[first..<first + 10_000]), batch: UInt64(batch))
        }
        let full = scene.shard.statistics(of: nil)[0]
        #expect(full.rowsRefusedAtLimit > 50_000 && full.rowsRefused == full.rowsRefusedAtLimit)
        #expect(full.rows + Int(full.rowsRefused) == 200_000)
        let old = Array(Self.keys[..<10_000])
        push(scene, old, batch: 20)
        #expect(try pull(scene, old) == [Float](repeating: -2, count: 20_000))
        #expect(try pull(scene, Array(Self.keys.suffix(3))) == [0, 0, 0, 0, 0, 0])
        #expect(scene.shard.statistics(of: nil)[0].rows == full.rows)
        let memory = scene.shard.memoryStatistics
        #expect(memory.bytesLimit == 4 * BlockPool.page)
        #expect(memory.bytesReserved == 4 * BlockPool.page)
        #expect(memory.bytesUsed <= memory.bytesReserved && memory.pagesUnprepared == 4)
    }

    @Test func theLeastImportantMakeRoomWhereTheTableSaysSo() throws {
        let scene = try scene(RowStorage(atLimit: .retire))
        let old = Array(Self.keys[..<1000])
        for batch in 0..<20 {
            let first = batch * 10_000
            // The first thousand come again and again, and are worth more than the others.
            push(scene, Array(Self.keys[first..<first + 10_000]), batch: UInt64(2 * batch))
            push(scene, old, batch: UInt64(2 * batch + 1))
        }
        let statistics = scene.shard.statistics(of: nil)[0]
        #expect(statistics.rowsRetired > 50_000 && statistics.rowsRefusedAtLimit < 1000)
        #expect(try pull(scene, old) == [Float](repeating: -21, count: 2000))
        let latest = try pull(scene, Array(Self.keys.suffix(1000)))
        #expect(latest.count { $0 == -1 } > 1800)
    }

    @Test func statisticsSayIt() throws {
        let scene = try scene(RowStorage(narrow: NarrowRows(width: 1, untilShows: 2)))
        for batch in 0..<2 { push(scene, Array(Self.keys[..<10]), batch: UInt64(batch)) }
        let bytes = Wire.GetStatisticsRequest.encode { request, _ in request.job = 1 }
        let found = try scene.call(ShardMethods.getStatistics, bytes) { answer in
            let partition = each(answer.n_partitions, answer.partitions)[0]
            let memory = answer.memory.pointee
            return [
                partition.rows_widened, partition.rows_retired, partition.rows_refused_at_limit,
                memory.bytes_limit, memory.bytes_reserved, memory.pages_unprepared,
            ]
        }.get()
        let page = UInt64(BlockPool.page)
        #expect(found == [10, 0, 0, 4 * page, page, 1])
    }

    // MARK: - Compaction

    /// Widening leaves the places of all narrow rows.
    private func sceneWithGaps() throws -> ShardScene {
        let scene = try ShardScene(storage: RowStorage(narrow: .init(width: 1, untilShows: 2)))
        let keys = Array(Self.keys[..<20_000])
        for batch in 0..<2 { push(scene, keys, batch: UInt64(batch)) }
        return scene
    }

    @Test func placesThatRowsHaveLeftAreGivenBackBetweenRequests() throws {
        let scene = try sceneWithGaps()
        #expect(scene.shard.hasMemoryToGive)
        let before = scene.shard.statistics(of: nil)[0]
        let state = scene.state
        scene.time.run(for: .seconds(5))
        let after = scene.shard.statistics(of: nil)[0]
        #expect(!scene.shard.hasMemoryToGive)
        #expect(after.bytesReserved <= before.bytesReserved - 15 * BlockPool.smallestBlock)
        #expect(after.rows == before.rows && scene.state == state)
        // The first gradient found narrow rows.
        let rows = try pull(scene, Array(Self.keys[..<20_000]))
        #expect(rows.indices.allSatisfy { rows[$0] == ($0 % 2 == 0 ? -2 : -1) })
    }

    @Test func whatAPartitionLeavesGoesBackPageByPage() throws {
        let pool = BlockPool(sparePages: 0)
        let scene = try ShardScene(pool: pool)
        for batch in 0..<4 { push(scene, Self.keys, batch: UInt64(batch)) }
        let reserved = pool.bytesReserved
        #expect(reserved >= 4 * BlockPool.page)
        var map = ShardScene.map(version: 2)
        map.tables = []
        try scene.shard.adopt(map)
        #expect(pool.bytesUsed == 0 && pool.bytesReserved == reserved)
        scene.time.run(for: .seconds(1))
        #expect(pool.bytesReserved == 0 && !scene.shard.hasMemoryToGive)
    }

    @Test func nothingMovesUnderAScan() throws {
        let scene = try sceneWithGaps()
        let stream = StoppedStream()
        let request = Wire.ScanRequest.encode { request, _ in
            (request.cluster_id, request.table) = (ShardScene.cluster, 1)
            request.incarnation = 100
        }
        scene.core.perform {
            guard
                case .serverStreaming(let body) = scene.services.route(ShardMethods.scan.path)?
                    .handler
            else { return }
            body(ShardScene.context, request, stream)
        }
        scene.time.run(for: .seconds(5))
        #expect(scene.shard.hasMemoryToGive)
        stream.finish(nil)
        scene.time.run(for: .seconds(5))
        #expect(!scene.shard.hasMemoryToGive)
    }

    /// A reader that takes nothing.
    private final class StoppedStream: ServerStream {
        var isWritable: Bool { false }
        var onWritable: (() -> Void)?
        var onCancel: (() -> Void)?
        var metadata = ResponseMetadata()

        func send(_ message: [UInt8]) { Issue.record("it is not writable") }
        func finish(_ error: RPCError?) { (onWritable, onCancel) = (nil, nil) }
    }
}
