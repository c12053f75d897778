import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrWire
import Testing

@Suite struct ScanTests {
    /// Takes so many messages, then asks for a pause.
    private final class Stream: ServerStream {
        var room: Int
        var onWritable: (() -> Void)?
        var onCancel: (() -> Void)?
        var metadata = ResponseMetadata()
        var keys: [UInt64] = []
        var values: [Float] = []
        var largest = 0
        var messages = 0
        var ends: [RPCError?] = []

        init(room: Int) { self.room = room }

        var isWritable: Bool { room > 0 && ends.isEmpty }

        func send(_ message: [UInt8]) {
            room -= 1
            messages += 1
            largest = max(largest, message.count)
            let arena = WireArena()
            defer { withExtendedLifetime(arena) {} }
            guard let chunk = try? Wire.ScanChunk.decode(message, in: arena).pointee else { return }
            keys += chunk.keys.elements(of: UInt64.self).map { Array($0) } ?? []
            values += chunk.values.elements(of: Float.self).map { Array($0) } ?? []
        }

        func finish(_ error: RPCError?) {
            ends.append(error)
            (onWritable, onCancel) = (nil, nil)
        }

        func resume(_ messages: Int) {
            room = messages
            onWritable?()
        }
    }

    private func scan(
        _ scene: ShardScene, _ stream: Stream, table: UInt32 = 1, partition: UInt32 = 0,
        incarnation: UInt64 = 100, cluster: UInt64 = ShardScene.cluster
    ) {
        let request = Wire.ScanRequest.encode { request, _ in
            (request.cluster_id, request.table) = (cluster, table)
            (request.partition, request.incarnation) = (partition, incarnation)
        }
        scene.core.perform {
            let handler = scene.services.route(ShardMethods.scan.path)?.handler
            guard case .serverStreaming(let body) = handler else {
                return
            }
            body(ShardScene.context, request, stream)
        }
    }

    /// A scene with so many rows in partition 0 of table 1, row `i` with the value `-i`.
    private func scene(rows: Int) throws -> (ShardScene, [UInt64]) {
        let scene = try ShardScene()
        let keys = ShardScene.keys(rows, of: 0)
        var push = PushFields()
        push.slices[0].runs = [.init(partition: 0, incarnation: 100, keyCount: UInt32(rows))]
        push.slices[0].keys = keys
        push.slices[0].gradients = (0..<rows).flatMap { [Float($0), Float($0)] }
        #expect(scene.push(push) == .success([1, 0]))
        return (scene, keys)
    }

    @Test func everyRowComesOnceInOrder() throws {
        let (scene, keys) = try scene(rows: 30_000)
        let stream = Stream(room: .max)
        scan(scene, stream)
        #expect(stream.ends == [nil])
        #expect(stream.keys == keys)
        #expect(stream.values == (0..<30_000).flatMap { [-Float($0), -Float($0)] })
        #expect(stream.messages > 1 && stream.largest < 300_000)
    }

    @Test func aSlowReaderIsWaitedFor() throws {
        let (scene, keys) = try scene(rows: 30_000)
        let stream = Stream(room: 1)
        scan(scene, stream)
        var resumptions = 0
        while stream.ends.isEmpty, resumptions < 100 {
            #expect(stream.messages == resumptions + 1)
            resumptions += 1
            stream.resume(1)
        }
        #expect(stream.keys == keys && stream.ends == [nil])
        #expect(stream.onWritable == nil)
    }

    @Test func anEmptyPartitionIsOneChunkOfNothing() throws {
        let stream = Stream(room: .max)
        scan(try ShardScene(), stream)
        #expect(stream.keys.isEmpty && stream.ends == [nil])
    }

    @Test func whatIsNotHereIsRefused() throws {
        let scene = try ShardScene()
        func refused(_ code: StatusCode, _ body: (Stream) -> Void) {
            let stream = Stream(room: .max)
            body(stream)
            #expect(stream.ends.map(\.?.code) == [code] && stream.messages == 0)
        }
        refused(.aborted) { scan(scene, $0, incarnation: 101) }
        refused(.aborted) { scan(scene, $0, partition: .max) }
        refused(.aborted) { scan(scene, $0, table: 0) }
        refused(.failedPrecondition) { scan(scene, $0, cluster: 1) }
    }

    @Test func aPartitionThatGoesAwayMeanwhileEndsTheScan() throws {
        let (scene, _) = try scene(rows: 30_000)
        let stream = Stream(room: 1)
        scan(scene, stream)
        scene.shard.holds(scene.lease(MemberIncarnation(6)))
        stream.resume(.max)
        #expect(stream.ends.map(\.?.code) == [.aborted])
        #expect(stream.messages == 1)
    }
}
