import CLehrWire
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrWire
import Testing

/// A push is applied as a whole, once, or not at all.
@Suite struct PushTests {
    private let scene: ShardScene
    private let keys = ShardScene.keys(1, of: 0) + ShardScene.keys(1, of: 1)

    init() throws { scene = try ShardScene() }

    @Test func aPushIsAppliedOnceHoweverOftenItComes() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        #expect(scene.row(keys[0]) == [-1, -1] && scene.row(keys[1]) == [-1, -1])
        let state = scene.state.map { $0.prefix(60) }
        for _ in 0..<3 { #expect(scene.push(PushFields()) == .success([0, 2])) }
        #expect(scene.row(keys[0]) == [-1, -1])
        #expect(scene.state.map { $0.prefix(60) } == state)
        let statistics = scene.shard.statistics(of: JobID(1))
        #expect(statistics.map(\.batchesApplied) == [1, 1, 0, 0, 0])
        #expect(statistics.map(\.batchesRepeated) == [3, 3, 0, 0, 0])
        #expect(statistics.map(\.rowsPushed) == [1, 1, 0, 0, 0])
        #expect(scene.shard.statistics(of: JobID(2)).isEmpty)
        #expect(scene.handler.counters.repeats == 6)
    }

    @Test func anAcknowledgementNamesTheOwners() {
        for request in [PushFields(), PushFields(batch: 1, isStaged: true)] {
            let answer = scene.call(ShardMethods.push, request.encoded) {
                Array(UnsafeBufferPointer(start: $0.incarnations, count: $0.n_incarnations))
            }
            #expect(answer == .success([100, 101]))
        }
    }

    @Test func aRepeatThatReachesAnotherPartitionTooIsAppliedThereOnly() {
        var first = PushFields()
        first.slices[0].runs.removeLast()
        first.slices[0].keys.removeLast()
        first.slices[0].gradients.removeLast(2)
        #expect(scene.push(first) == .success([1, 0]))
        #expect(scene.push(PushFields()) == .success([1, 1]))
        #expect(scene.row(keys[0]) == [-1, -1] && scene.row(keys[1]) == [-1, -1])
    }

    @Test func batchesMayComeInAnyOrderAndBelowTheFloorNotAtAll() {
        for batch in [2, 0, 1, 2, 1] as [UInt64] {
            _ = scene.push(PushFields(batch: batch))
        }
        #expect(scene.row(keys[0]) == [-3, -3])
        var late = PushFields(batch: 5)
        late.floor = 5
        #expect(scene.push(late) == .success([2, 0]))
        #expect(scene.push(PushFields(batch: 4)) == .success([0, 2]))
    }

    /// Refuses `request` with `code` and proves that nothing at all has changed.
    private func expectRefused(
        _ code: StatusCode, _ text: String, _ request: PushFields,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let state = scene.state
        switch scene.push(request) {
        case .success: Issue.record("should be refused", sourceLocation: sourceLocation)
        case .failure(let error):
            #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
            #expect(
                error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
        }
        #expect(scene.state == state, sourceLocation: sourceLocation)
    }

    private func refused(
        _ code: StatusCode, _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout PushFields) -> Void
    ) {
        var request = PushFields(batch: 1)
        change(&request)
        expectRefused(code, text, request, sourceLocation: sourceLocation)
        request.isStaged = true
        expectRefused(code, text, request, sourceLocation: sourceLocation)
    }

    @Test func whatIsWrongAnywhereIsRefusedEverywhere() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        refused(.failedPrecondition, "belongs to cluster") { $0.cluster = 78 }
        refused(.failedPrecondition, "belongs to cluster") { $0.cluster = 0 }
        refused(.aborted, "incarnation 101 is current") { $0.slices[0].runs[1].incarnation = 102 }
        refused(.aborted, "incarnation 101 is current") { $0.slices[0].runs[1].incarnation = 0 }
        refused(.aborted, "not owned here") { $0.slices[0].runs[1].partition = 4 }
        refused(.aborted, "not owned here") { $0.slices[0].runs[1].partition = .max }
        refused(.aborted, "not owned here") { $0.slices[0].table = 3 }
        refused(.invalidArgument, "does not belong") { $0.slices[0].keys.swapAt(0, 1) }
        refused(.invalidArgument, "does not belong") {
            $0.slices[0].keys[1] = ShardScene.keys(1, of: 3)[0]
        }
        refused(.invalidArgument, "job 2") { $0.job = 2 }
        refused(.invalidArgument, "identity") { $0.hasIdentity = false }
        refused(.invalidArgument, "comes twice") { $0.slices.append($0.slices[0]) }
        refused(.invalidArgument, "comes twice") {
            $0.slices[0].runs[1] = $0.slices[0].runs[0]
            $0.slices[0].keys[1] = ShardScene.keys(2, of: 0)[1]
        }
    }

    @Test func lengthsThatDoNotFitAreRefused() {
        refused(.invalidArgument, "expected 4 for 2 keys") { $0.slices[0].gradients.removeLast() }
        refused(.invalidArgument, "expected 4 for 2 keys") { $0.slices[0].gradients.append(1) }
        refused(.invalidArgument, "expected 4") { $0.slices[0].gradients = [] }
        refused(.invalidArgument, "1 shows; expected none or 2") { $0.slices[0].shows = [1] }
        refused(.invalidArgument, "not a whole number") { $0.slices[0].missingKeyBytes = 3 }
        refused(.invalidArgument, "more keys than the 1 sent") { $0.slices[0].keys.removeLast() }
        refused(.invalidArgument, "2 keys, but the runs name 1") { $0.slices[0].runs.removeLast() }
        refused(.invalidArgument, "2 keys, but the runs name 0") { $0.slices[0].runs = [] }
        refused(.invalidArgument, "more keys than") { $0.slices[0].runs[0].keyCount = .max }
        refused(.invalidArgument, "more keys than") { $0.slices[0].runs[1].keyCount = .max }
        refused(.invalidArgument, "name 1") { $0.slices[0].runs[1].keyCount = 0 }
    }

    @Test func aRowBeyondADenseVariableIsNobodys() {
        for key in [10, 11, .max] as [UInt64] {
            refused(.invalidArgument, "does not belong") {
                $0.slices.append(
                    .init(
                        table: 2, runs: [.init(partition: 0, incarnation: 200, keyCount: 1)],
                        keys: [key], gradients: [1, 1, 1]))
            }
        }
    }

    @Test func aLeaseThatMayHaveEndedStopsPushesAndNotPulls() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        scene.time.run(for: .seconds(10))
        refused(.unavailable, "cannot renew its lease") { _ in }
        #expect(
            (try? scene.call(ShardMethods.pull, PullFields().encoded) { $0.n_tables }.get()) == 1)
        scene.shard.holds(scene.lease())
        #expect(scene.push(PushFields(batch: 1)) == .success([2, 0]))
    }

    @Test func aLeaseThatHasEndedOrIsGivenBackStopsPushesAndNotPulls() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        scene.shard.lost()
        refused(.unavailable, "cannot renew its lease") { _ in }
        scene.shard.holds(scene.lease())
        #expect(scene.push(PushFields(batch: 1)) == .success([2, 0]))
        scene.shard.close()
        refused(.unavailable, "is stopping") { $0.batch = 2 }
        scene.shard.holds(scene.lease())
        refused(.unavailable, "is stopping") { $0.batch = 2 }
        #expect(
            (try? scene.call(ShardMethods.pull, PullFields().encoded) { $0.n_tables }.get()) == 1)
    }

    @Test func anOlderGenerationIsOverAndANewOneCountsAnew() {
        var request = PushFields()
        request.generation = 3
        #expect(scene.push(request) == .success([2, 0]))
        #expect(scene.push(request) == .success([0, 2]))
        refused(.failedPrecondition, "reached generation 3") { $0.generation = 2 }
        request.generation = 4
        #expect(scene.push(request) == .success([2, 0]))
        #expect(scene.row(keys[0]) == [-2, -2])
    }

    /// A generation is entered by what is applied, not by what is refused.
    @Test func aRefusedPushDoesNotStartAGeneration() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        refused(.aborted, "current") {
            $0.generation = 9
            $0.slices[0].runs[1].incarnation = 7
        }
        #expect(scene.push(PushFields()) == .success([0, 2]))
    }

    @Test func aBatchTooFarAheadWaitsForTheOthers() {
        #expect(scene.push(PushFields()) == .success([2, 0]))
        var request = PushFields(batch: 1024)
        let rows = keys.map { scene.row($0) }
        guard case .failure(let error) = scene.push(request) else {
            Issue.record("should be refused")
            return
        }
        #expect(error.code == .resourceExhausted)
        #expect(keys.map { scene.row($0) } == rows)
        request.floor = 1
        #expect(scene.push(request) == .success([2, 0]))
    }

    @Test func anEmptyPushIsFine() {
        var request = PushFields()
        request.slices = []
        #expect(scene.push(request) == .success([0, 0]))
    }

    @Test func beforeItHasJoinedAShardAsksForPatience() throws {
        let scene = try ShardScene(isReady: false)
        for cluster in [0, ShardScene.cluster] {
            var request = PushFields()
            request.cluster = cluster
            #expect(scene.push(request).failure?.code == .unavailable)
            var pull = PullFields()
            pull.cluster = cluster
            #expect(
                scene.call(ShardMethods.pull, pull.encoded) { $0.n_tables }.failure?.code
                    == .unavailable)
        }
        #expect(scene.step(ShardMethods.inquireStep, batch: 0).failure?.code == .unavailable)
        scene.shard.holds(scene.lease())
        #expect(scene.push(PushFields()).failure?.code == .unavailable)
        try scene.shard.adopt(ShardScene.map())
        #expect(scene.push(PushFields()) == .success([2, 0]))
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
