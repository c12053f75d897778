import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrWire
import Testing

/// Sequential mode on one owner, through its handler: what is staged is applied by a commit, once,
/// whoever sends it.
@Suite struct StepTests {
    private let scene: ShardScene
    private let key = ShardScene.keys(1, of: 0)[0]
    private let none: UInt32 = 0
    private let staged: UInt32 = 1
    private let committed: UInt32 = 2

    init() throws { scene = try ShardScene() }

    private func stage(_ batch: UInt64, attempt: UInt32 = 1) -> Result<[UInt32], RPCError> {
        var request = PushFields(batch: batch, isStaged: true)
        request.attempt = attempt
        return scene.push(request)
    }

    private func commit(_ batch: UInt64, attempt: UInt32 = 1) -> Result<UInt32, RPCError> {
        scene.step(ShardMethods.commitStep, batch: batch, attempt: attempt)
    }

    private func inquire(_ batch: UInt64, attempt: UInt32 = 1) -> Result<UInt32, RPCError> {
        scene.step(ShardMethods.inquireStep, batch: batch, attempt: attempt)
    }

    private func abort(_ batch: UInt64, attempt: UInt32) -> Result<UInt32, RPCError> {
        scene.step(ShardMethods.abortStep, batch: batch, attempt: attempt)
    }

    @Test func aStepIsAppliedByItsCommitAndOnce() {
        #expect(inquire(0) == .success(none))
        for _ in 0..<2 { #expect(stage(0) == .success([0, 0])) }
        #expect(scene.row(key) == nil, "nothing is applied yet")
        #expect(inquire(0) == .success(staged))
        for _ in 0..<3 { #expect(commit(0) == .success(committed)) }
        #expect(scene.row(key) == [-1, -1])
        #expect(inquire(0) == .success(committed))
        #expect(stage(0) == .success([0, 0]), "a late copy")
        #expect(commit(0) == .success(committed))
        #expect(scene.row(key) == [-1, -1])
        #expect(scene.shard.statistics(of: nil).map(\.batchesApplied) == [1, 1, 0, 0, 0])
    }

    @Test func aSuccessorCommitsWhatItsPredecessorHadDecided() {
        _ = stage(0)
        #expect(inquire(0, attempt: 2) == .success(staged))
        #expect(commit(0, attempt: 2) == .success(committed))
        #expect(scene.row(key) == [-1, -1], "the predecessor's gradients")
        #expect(commit(0).failure?.code == .failedPrecondition, "its attempt is over")
    }

    @Test func aSuccessorDropsWhatWasNeverDecided() {
        _ = stage(0)
        #expect(inquire(0, attempt: 2) == .success(staged))
        #expect(abort(0, attempt: 2) == .success(none))
        #expect(scene.row(key) == nil)
        #expect(stage(0).failure?.code == .failedPrecondition)
        #expect(stage(0, attempt: 2) == .success([0, 0]))
        #expect(abort(0, attempt: 2) == .success(staged), "a late abort drops no promise")
        #expect(commit(0, attempt: 2) == .success(committed))
        #expect(scene.row(key) == [-1, -1])
    }

    @Test func aStepAtATime() {
        _ = stage(0)
        #expect(stage(1).failure?.code == .failedPrecondition)
        _ = commit(0)
        #expect(stage(1) == .success([0, 0]))
        #expect(commit(1) == .success(committed))
        #expect(scene.row(key) == [-2, -2])
    }

    @Test func aCommitOfWhatIsNotHereDoesNothing() {
        #expect(commit(0) == .success(committed))
        #expect(scene.row(key) == nil)
        #expect(inquire(0) == .success(none))
    }

    /// What is staged must be possible to apply: a commit has no way back.
    @Test func whatCouldNotBeAppliedIsNotStaged() {
        #expect(stage(5000).failure?.code == .resourceExhausted)
        #expect(inquire(5000) == .success(none))
    }

    @Test func aStepThatIsStagedOutlivesAMapAndNotItsJob() throws {
        _ = stage(0)
        try scene.shard.adopt(ShardScene.map(version: 2))
        #expect(inquire(0) == .success(staged))
        var map = ShardScene.map(version: 3)
        map.tables = [ShardScene.table(3, .hashed, dimension: 1, bits: 0, job: 2)]
        try scene.shard.adopt(map)
        #expect(inquire(0).failure?.code == .aborted)
    }

    @Test func stepsOfAJobThatIsNotHereAreNotRemembered() {
        for job in [0, 2, .max] as [UInt64] {
            let answer = scene.step(ShardMethods.inquireStep, batch: 0, job: job)
            #expect(answer.failure?.code == .aborted)
        }
        let older = scene.step(ShardMethods.inquireStep, batch: 0, generation: 2)
        #expect(older == .success(none))
        #expect(inquire(0).failure?.code == .failedPrecondition, "generation 1 is over")
    }

    @Test func withoutALeaseNoStepMoves() {
        _ = stage(0)
        scene.time.run(for: .seconds(10))
        #expect(commit(0).failure?.code == .unavailable)
        #expect(inquire(0).failure?.code == .unavailable)
        #expect(abort(0, attempt: 2).failure?.code == .unavailable)
        scene.shard.holds(scene.lease())
        #expect(commit(0) == .success(committed))
        #expect(scene.row(key) == [-1, -1])
    }

    @Test func theLargestBatchNumberIsNoStep() {
        #expect(inquire(.max).failure?.code == .invalidArgument)
    }
}
