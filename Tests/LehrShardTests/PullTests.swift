import CLehrWire
import LehrCore
import LehrRPC
import LehrShard
import LehrWire
import Testing

@Suite struct PullTests {
    private let scene: ShardScene

    init() throws { scene = try ShardScene() }

    private func pull(
        _ request: PullFields, _ scene: ShardScene? = nil
    ) -> Result<[[Float]], RPCError> {
        (scene ?? self.scene).call(ShardMethods.pull, request.encoded) { answer in
            each(answer.n_tables, answer.tables).map { rows in
                rows.values.elements(of: Float.self).map { Array($0) } ?? []
            }
        }
    }

    @Test func rowsComeInKeyOrderAndNoneIsMade() {
        var push = PushFields()
        push.slices[0].gradients = [1, 2, 3, 4]
        #expect(scene.push(push) == .success([2, 0]))
        var request = PullFields()
        request.slices[0].runs[0].keyCount = 2
        request.slices[0].keys.insert(ShardScene.keys(2, of: 0)[1], at: 0)
        request.slices.append(
            .init(
                table: 2, runs: [.init(partition: 0, incarnation: 200, keyCount: 2)],
                keys: [9, 0], gradients: []))
        #expect(pull(request) == .success([[0, 0, -1, -2, -3, -4], [0, 0, 0, 0, 0, 0]]))
        #expect(scene.shard.statistics(of: nil).map(\.rows) == [1, 1, 0, 0, 0])
        #expect(scene.handler.counters.keysPulled == 5)
    }

    @Test func whatDoesNotFitIsRefused() {
        func refused(_ code: StatusCode, _ change: (inout PullFields) -> Void) {
            var request = PullFields()
            change(&request)
            #expect(pull(request).failure?.code == code)
        }
        refused(.failedPrecondition) { $0.cluster = 1 }
        refused(.aborted) { $0.slices[0].runs[1].incarnation = 9 }
        refused(.aborted) { $0.slices[0].table = .max }
        refused(.invalidArgument) { $0.slices[0].missingKeyBytes = 1 }
        refused(.invalidArgument) { $0.slices[0].runs[0].keyCount = .max }
        refused(.invalidArgument) { $0.slices[0].keys.reverse() }
        #expect(scene.handler.counters.refusals == 6)
        #expect(scene.handler.counters.pulls == 0)
    }

    @Test func anAnswerBeyondTheLimitIsRefusedForGood() throws {
        var limits = RPCLimits()
        limits.messageBytesMax = 15
        let scene = try ShardScene(limits: limits)
        // Not RESOURCE_EXHAUSTED: it would be asked again for ever.
        let error = pull(PullFields(), scene).failure
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("15 bytes") == true)
        limits.messageBytesMax = 16
        #expect(pull(PullFields(), try ShardScene(limits: limits)) == .success([[0, 0, 0, 0]]))
    }
}
