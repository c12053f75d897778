import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWire
import Testing

/// What a table's storage asks of requests.
@Suite struct StorageTests {
    private func push(
        _ scene: ShardScene, keys: [UInt64], count: UInt32, format: WireFormat = WireFormat(),
        missing: Int = 0
    ) -> Result<[UInt32], RPCError> {
        var push = PushFields()
        push.slices = [
            .init(
                runs: [.init(partition: 0, incarnation: 100, keyCount: count)], keys: keys,
                gradients: [Float](repeating: 1, count: 2 * Int(count)), missingKeyBytes: missing,
                format: format)
        ]
        return scene.push(push)
    }

    @Test func keysOfTwoWordsAreCheckedAsSuch() throws {
        let scene = try ShardScene(storage: RowStorage(keyWidth: .bits128))
        // The first of each pair is zero: only together do they say whose they are.
        let highs = Array(
            (0..<UInt64.max).lazy.filter {
                KeySpace.hashed.bucket(of: foldedKey(0, $0)) >> 14 == 0
            }.prefix(3))
        let keys: [UInt64] = highs.flatMap { [0, $0] }
        #expect(push(scene, keys: keys, count: 3) == .success([1, 0]))
        #expect(scene.shard.statistics(of: nil)[0].rows == 3)
        #expect(scene.handler.counters.keysPushed == 3)
        let state = scene.state
        func refused(_ text: String, _ result: Result<[UInt32], RPCError>) {
            #expect(result.failure?.code == .invalidArgument)
            #expect(result.failure?.message.contains(text) == true, "\(result)")
        }
        refused("not a whole number of 16-byte", push(scene, keys: keys, count: 3, missing: 8))
        refused("more keys than the 3 sent", push(scene, keys: keys, count: 6))
        refused("3 keys, but the runs name 2", push(scene, keys: keys, count: 2))
        refused(
            "do not come as differences",
            push(scene, keys: keys, count: 3, format: WireFormat(keys: .delta)))
        refused(
            "key 0x0000000000000002000000000000ab12 does not belong",
            push(scene, keys: [0xAB12, 2], count: 1))
        #expect(scene.state == state)
    }

    @Test func aTableOfInt8IsReadAndNotPushedTo() throws {
        let scene = try ShardScene(storage: RowStorage(numbers: .int8))
        for isStaged in [false, true] {
            let error = scene.push(PushFields(isStaged: isStaged)).failure
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains("table 1 keeps its rows as int8") == true)
        }
        let answer = scene.call(ShardMethods.pull, PullFields().encoded) { $0.n_tables }
        #expect(answer == .success(1))
    }

    @Test func aTablesRowLimitIsSharedByItsPartitions() throws {
        let scene = try ShardScene(storage: RowStorage(rowLimit: 1024))
        let keys = ShardScene.keys(400, of: 0)
        #expect(push(scene, keys: keys, count: 400) == .success([1, 0]))
        let partition = scene.shard.statistics(of: nil)[0]
        // A quarter of 1,024, a sixteenth of that, and 64.
        #expect(partition.rows == 336)
        #expect(partition.rowsRefused == 64 && partition.rowsRefusedAtLimit == 64)
    }
}
