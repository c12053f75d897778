import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import Testing

/// A client that pulls from and pushes to two real shards over the in-memory network, in the formats
/// of the table.
@Suite struct ClientFormatTests {
    private final class Scene {
        let time = VirtualTime()
        let map: ClusterMap
        let client: TableClient
        let core: VirtualCore
        private var servers: [InMemoryTransport] = []
        private var handlers: [ShardHandler] = []
        private(set) var owners: [ShardCore] = []

        init(
            _ wire: WireFormat, _ keys: KeySpace, dimension: Int,
            storage: RowStorage = RowStorage()
        ) throws {
            let network = InMemoryNetwork(on: time) { _, _, _ in .milliseconds(1) }
            var table = ShardScene.table(1, keys, dimension: dimension, bits: 3)
            table.spec.wire = wire
            table.spec.storage = storage
            let shards: [UInt64] = [1, 2]
            for index in table.partitions.indices {
                table.partitions[index].owner = MemberIncarnation(shards[index % 2])
            }
            let map = ClusterMap(
                cluster: ClusterID(ShardScene.cluster), version: 1,
                members: shards.map {
                    Member(
                        name: "s\($0)", role: .shard, incarnation: MemberIncarnation($0),
                        coreAddresses: ["s\($0):1"], httpAddress: "")
                }, tables: [table])
            self.map = map
            core = VirtualCore(on: time)
            client = TableClient(
                transport: InMemoryTransport(name: "client", core: core, network: network),
                random: RandomSource(seed: 1), map: { map })
            for number in shards {
                let core = VirtualCore(on: time)
                let server = InMemoryTransport(name: "s\(number)", core: core, network: network)
                let shard = ShardCore(index: 0)
                owners.append(shard)
                shard.holds(
                    HeldLease(
                        incarnation: MemberIncarnation(number), sent: time.now, ttl: .seconds(10),
                        drift: 0))
                try shard.adopt(map)
                let handler = ShardHandler(shard, core: core)
                let services = ServiceTable()
                handler.register(in: services)
                _ = try server.listen(at: "s\(number):1", services)
                servers.append(server)
                handlers.append(handler)
            }
        }

        func push(_ keys: [UInt64], _ gradients: [Float]) -> RPCError? {
            var ends: [RPCError?] = []
            gradients.withUnsafeBufferPointer { gradients in
                core.perform {
                    _ = client.push(
                        [.init(table: TableID(1), keys: keys, gradients: gradients)],
                        PushIdentity(
                            job: JobID(1), generation: 1, part: 0, batch: 0, floor: 0, attempt: 1,
                            partFloor: 0), staged: false
                    ) { ends.append($0) }
                }
                while ends.isEmpty, time.runNext() {}
            }
            #expect(ends.count == 1)
            return ends.first ?? nil
        }

        func pull(_ keys: [UInt64], dimension: Int) -> [Float] {
            let words = map.tables[0].spec.storage.keyWidth.words
            var rows = [Float](repeating: .nan, count: keys.count / words * dimension)
            var ends: [RPCError?] = []
            rows.withUnsafeMutableBufferPointer { rows in
                core.perform {
                    _ = client.pull([.init(table: TableID(1), keys: keys, rows: rows)]) {
                        ends.append($0)
                    }
                }
                while ends.isEmpty, time.runNext() {}
            }
            #expect(ends.count == 1 && ends[0] == nil)
            return rows
        }
    }

    private static let dimension = 5

    /// The sum of the errors of both ways is within that of each.
    private func expectNear(
        _ rows: [Float], _ gradients: [Float], _ wire: WireFormat,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for row in 0..<rows.count / Self.dimension {
            let own = row * Self.dimension..<(row + 1) * Self.dimension
            let largest = gradients[own].map(abs).max() ?? 0
            for index in own {
                let bound = [wire.rows, wire.gradients].reduce(Float(0)) { sum, format in
                    switch format {
                    case .float32: sum
                    case .float16: sum + abs(gradients[index]) * 0x1p-10
                    case .bfloat16: sum + abs(gradients[index]) * 0x1p-7
                    case .int8: sum + largest / 127 * 0.51
                    }
                }
                #expect(
                    abs(rows[index] + gradients[index]) <= bound, sourceLocation: sourceLocation)
            }
        }
    }

    @Test(
        arguments: [
            WireFormat(), WireFormat(rows: .float16, gradients: .float16, keys: .delta),
            WireFormat(rows: .bfloat16, gradients: .int8, keys: .delta),
            WireFormat(rows: .int8, gradients: .bfloat16),
            WireFormat(gradients: .float16, keys: .delta),
        ], [KeySpace.hashed, .rows(3000)])
    func whatIsPushedIsPulledAsNearAsTheFormatsSay(wire: WireFormat, space: KeySpace) throws {
        let scene = try Scene(wire, space, dimension: Self.dimension)
        var random = RandomSource(seed: 5)
        // More keys than pass through a buffer at a time, in no order.
        let keys = Array(0..<UInt64(3000)).shuffled(using: &random)
        let gradients = (0..<keys.count * Self.dimension).map { _ in random.uniform() + 0.1 }
        #expect(scene.push(keys, gradients) == nil)
        expectNear(scene.pull(keys, dimension: Self.dimension), gradients, wire)
        #expect(scene.pull([], dimension: Self.dimension).isEmpty)
        let one = scene.pull([keys[17]], dimension: Self.dimension)
        expectNear(one, Array(gradients[17 * Self.dimension..<18 * Self.dimension]), wire)
    }

    @Test(arguments: [
        WireFormat(), WireFormat(rows: .float16, gradients: .bfloat16),
        WireFormat(rows: .int8, gradients: .int8),
    ]) func keysOfTwoWordsAreToldApartByBoth(wire: WireFormat) throws {
        let scene = try Scene(
            wire, .hashed, dimension: Self.dimension, storage: RowStorage(keyWidth: .bits128))
        var random = RandomSource(seed: 6)
        // Many share one half or the other.
        let keys = (0..<3000).shuffled(using: &random).flatMap {
            [UInt64($0 % 50), UInt64($0 / 50)]
        }
        let gradients = (0..<3000 * Self.dimension).map { _ in random.uniform() + 0.1 }
        #expect(scene.push(keys, gradients) == nil)
        expectNear(scene.pull(keys, dimension: Self.dimension), gradients, wire)
        let one = scene.pull(Array(keys[34...35]), dimension: Self.dimension)
        expectNear(one, Array(gradients[17 * Self.dimension..<18 * Self.dimension]), wire)
        // A scan gives both halves.
        let scanned = scene.owners.flatMap(\.ownedPartitions).flatMap {
            $0.rows.scan(from: .start, limit: 10_000).keys
        }
        func pairs(_ words: [UInt64]) -> Set<[UInt64]> {
            Set(stride(from: 0, to: words.count, by: 2).map { Array(words[$0...($0 + 1)]) })
        }
        #expect(scanned.count == 6000 && pairs(scanned) == pairs(keys))
    }

    /// What is kept by how often a key comes needs to be told.
    @Test func batchesAreCountedAsShowsWhereTheyMatter() throws {
        let narrow = NarrowRows(width: 2, untilShows: 2)
        for (storage, shows) in [
            (RowStorage(), Float(0)), (RowStorage(narrow: narrow), 1),
            (RowStorage(atLimit: .retire), 1),
        ] {
            let scene = try Scene(WireFormat(), .hashed, dimension: 3, storage: storage)
            #expect(scene.push([7], [1, 1, 1]) == nil)
            let rows = scene.owners.flatMap(\.ownedPartitions).map {
                $0.rows.scan(from: .start, limit: 10)
            }
            #expect(rows.flatMap(\.shows) == [shows])
        }
    }

    @Test func itIsShorterOnTheWire() throws {
        var bytes: [[UInt64]] = []
        for wire in [
            WireFormat(), WireFormat(rows: .float16, gradients: .bfloat16, keys: .delta),
            WireFormat(rows: .int8, gradients: .int8, keys: .delta),
        ] {
            let scene = try Scene(wire, .hashed, dimension: 16)
            let keys = (0..<UInt64(1000)).map { $0 * 3 }
            #expect(scene.push(keys, [Float](repeating: 1, count: 16_000)) == nil)
            _ = scene.pull(keys, dimension: 16)
            bytes.append([scene.client.bytesPushed, scene.client.bytesPulled])
        }
        #expect(bytes[0] == [72_000, 64_000])
        #expect(bytes[1][0] < 32_000 + 1_600 && bytes[1][1] == 32_000)
        #expect(bytes[2][0] < 20_000 + 1_600 && bytes[2][1] == 20_000)
    }
}
