import CLehrWire
import LehrCluster
import LehrCore
import LehrRPC
import LehrShard
import LehrTable
import LehrWire
import Testing

/// A shard takes and gives keys, gradients and rows in whatever format a request names.
@Suite struct FormatTests {
    private let scene: ShardScene
    private let keys = ShardScene.keys(3, of: 0) + ShardScene.keys(2, of: 1)
    /// Of the five keys, two numbers each; rows are minus these once they are pushed.
    private let gradients: [Float] = [1, -0.25, 0.1, 0.3, 1e-3, 77, -5, 4.999, 0, 0]

    init() throws { scene = try ShardScene() }

    private func slice(_ format: WireFormat) -> PushFields.Slice {
        .init(
            runs: [
                .init(partition: 0, incarnation: 100, keyCount: 3),
                .init(partition: 1, incarnation: 101, keyCount: 2),
            ], keys: keys, gradients: gradients, format: format)
    }

    private func push(_ format: WireFormat, isStaged: Bool = false) -> PushFields {
        var push = PushFields(isStaged: isStaged)
        push.slices = [slice(format)]
        return push
    }

    /// The rows, and the number of the format that they came in.
    private func pull(_ format: WireFormat) -> Result<[Float], RPCError> {
        scene.call(ShardMethods.pull, PullFields(slices: [slice(format)]).encoded) { answer in
            let table = each(answer.n_tables, answer.tables)[0]
            #expect(table.format.rawValue == format.rows.wire)
            let codec = RowCodec(format.rows, dimension: 2)
            #expect(table.values.len == codec.byteCount(rows: 5))
            var rows = [Float](repeating: .nan, count: 10)
            codec.decode(table.values.buffer, at: 0, of: 5, count: 5, into: &rows)
            return rows
        }
    }

    /// Whether `rows` are minus the gradients, as near as the format allows.
    private func isNear(_ rows: [Float]?, _ format: NumberFormat) -> Bool {
        guard let rows, rows.count == gradients.count else { return false }
        return rows.indices.allSatisfy { index in
            let largest = max(abs(gradients[index & ~1]), abs(gradients[index | 1]))
            let bound: Float =
                switch format {
                case .float32: 0
                case .float16: abs(gradients[index]) * 0x1p-11 + 0x1p-25
                case .bfloat16: abs(gradients[index]) * 0x1p-8
                case .int8: largest / 127 * 0.50002
                }
            return abs(rows[index] + gradients[index]) <= bound
        }
    }

    private var stored: [Float]? {
        let rows = keys.compactMap { scene.row($0) }
        return rows.count == keys.count ? rows.flatMap { $0 } : nil
    }

    @Test(arguments: NumberFormat.allCases, KeyFormat.allCases)
    func gradientsAreAppliedAsNearAsTheirFormat(format: NumberFormat, keys: KeyFormat) {
        #expect(scene.push(push(.init(gradients: format, keys: keys))) == .success([2, 0]))
        #expect(isNear(stored, format))
        #expect(scene.push(push(.init(gradients: format, keys: keys))) == .success([0, 2]))
    }

    @Test(arguments: NumberFormat.allCases, KeyFormat.allCases)
    func rowsComeAsNearAsTheirFormat(format: NumberFormat, keys: KeyFormat) throws {
        #expect(scene.push(push(.init())) == .success([2, 0]))
        #expect(isNear(try pull(.init(rows: format, keys: keys)).get(), format))
        #expect(isNear(stored, .float32))
    }

    @Test(arguments: NumberFormat.allCases)
    func aStagedPushIsDecodedAgainWhenItIsCommitted(format: NumberFormat) {
        #expect(
            scene.push(push(.init(gradients: format, keys: .delta), isStaged: true))
                == .success([0, 0]))
        #expect(stored == nil)
        #expect(scene.step(ShardMethods.commitStep, batch: 0) == .success(2))
        #expect(isNear(stored, format))
    }

    @Test func aRowThatIsNoNumberIsRefusedAloneInAnyFormat() throws {
        for format in NumberFormat.allCases {
            let scene = try ShardScene()
            var push = push(.init(gradients: format))
            push.slices[0].gradients[3] = .infinity
            #expect(scene.push(push) == .success([2, 0]))
            #expect(scene.row(keys[1]) == nil && scene.row(keys[0]) != nil)
            #expect(scene.shard.statistics(of: nil)[0].rowsRefused == 1)
        }
    }

    @Test func manyRowsPassThroughTheBuffer() throws {
        let keys = ShardScene.keys(5000, of: 2)
        var push = PushFields()
        push.slices = [
            .init(
                runs: [.init(partition: 2, incarnation: 102, keyCount: 5000)], keys: keys,
                gradients: (0..<10_000).map { -Float($0) },
                format: WireFormat(rows: .int8, keys: .delta))
        ]
        #expect(scene.push(push) == .success([1, 0]))
        let rows = try scene.call(
            ShardMethods.pull, PullFields(slices: push.slices).encoded
        ) { answer in
            var rows = [Float](repeating: .nan, count: 10_000)
            RowCodec(.int8, dimension: 2).decode(
                each(answer.n_tables, answer.tables)[0].values.buffer, at: 0, of: 5000,
                count: 5000, into: &rows)
            return rows
        }.get()
        #expect(
            rows.indices.allSatisfy { index in
                abs(rows[index] - Float(index)) <= Float(index | 1) / 127 * 0.50002
            })
    }

    /// The answer's bytes count, and not those that it would have as f32.
    @Test func aSmallerAnswerMayHoldMoreKeys() throws {
        var limits = RPCLimits()
        limits.messageBytesMax = 5 * 4
        let scene = try ShardScene(limits: limits)
        func count(_ format: NumberFormat) -> Result<Int, RPCError> {
            scene.call(
                ShardMethods.pull, PullFields(slices: [slice(.init(rows: format))]).encoded
            ) { Int($0.n_tables) }
        }
        #expect(count(.float16) == .success(1))
        #expect(count(.float32).failure?.code == .invalidArgument)
        #expect(count(.int8).failure?.code == .invalidArgument)
    }

    @Test func whatDoesNotFitItsFormatIsRefused() {
        func refused(_ text: String, _ format: WireFormat, _ change: (inout PushFields) -> Void) {
            var push = push(format)
            change(&push)
            let error = scene.push(push).failure
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "taken")")
        }
        let delta = WireFormat(keys: .delta)
        refused("no format of numbers is 4", .init()) { $0.slices[0].formatNumbers = (0, 4, 0) }
        refused("no format of keys is 2", .init()) { $0.slices[0].formatNumbers = (0, 0, 2) }
        refused("5 keys as differences are", delta) { $0.slices[0].missingKeyBytes = 1 }
        refused("5 keys as differences; at most 4", delta) { $0.slices[0].runs[0].keyCount = 2 }
        refused("more keys than the 5 sent", delta) { $0.slices[0].runs[1].keyCount = 3 }
        refused("5 rows of int8", .init(gradients: .int8)) {
            $0.slices[0].missingGradientBytes = 1
        }
        refused("5 rows of f16", .init(gradients: .float16)) {
            $0.slices[0].missingGradientBytes = 5
        }
        refused("expected 10 for 5 keys", .init(gradients: .bfloat16)) {
            $0.slices[0].missingGradientBytes = 10
        }
        refused("0 rows of f16", .init(gradients: .float16)) {
            ($0.slices[0].keys, $0.slices[0].runs) = ([], [])
        }
        #expect(stored == nil)
        var pull = PullFields(slices: [slice(.init())])
        pull.slices[0].formatNumbers = (9, 0, 0)
        let answer = scene.call(ShardMethods.pull, pull.encoded) { $0.n_tables }
        #expect(answer.failure?.message.contains("no format of numbers is 9") == true)
    }
}
