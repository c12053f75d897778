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

    @Test func aCommitOfWhatIsNotHereIsRefused() {
        let answer = commit(0)
        #expect(answer.failure?.code == .failedPrecondition)
        #expect(answer.failure?.message.contains("under a new attempt") == true)
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

    private func commit(at partitions: [UInt64]) -> StatusCode? {
        scene.step(ShardMethods.commitStep, batch: 0, at: partitions).failure?.code
    }

    @Test func aStepNamesItsPartitionsAsTheyAre() {
        _ = stage(0)
        let state = scene.state
        #expect(commit(at: [100, 102]) == .aborted)
        #expect(commit(at: [100, 101, 102, 103, 104]) == .aborted)
        #expect(commit(at: []) == .invalidArgument)
        #expect(commit(at: [100]) == .failedPrecondition, "it is staged for more")
        #expect(commit(at: [100, 101, 102]) == .failedPrecondition, "and for no more")
        for method in [ShardMethods.inquireStep, ShardMethods.abortStep] {
            let answer = scene.step(method, batch: 0, attempt: 2, at: [99, 101])
            #expect(answer.failure?.code == .aborted)
        }
        #expect(scene.state == state && inquire(0) == .success(staged))
        #expect(commit(at: [100, 101]) == nil)
        #expect(scene.row(key) == [-1, -1])
        #expect(commit(at: [100, 101, 102]) == .failedPrecondition, "102 has not got it")
    }

    /// Partition 1 has come back under another incarnation, between stage and commit.
    @Test func whatIsStagedForAPartitionThatHasGoneIsDropped() throws {
        _ = stage(0)
        var map = ShardScene.map(version: 2)
        map.tables[0].partitions[1].incarnation = PartitionIncarnation(900)
        try scene.shard.adopt(map)
        #expect(commit(at: [100, 101]) == .aborted)
        #expect(commit(at: [100, 900]) == .failedPrecondition)
        #expect(scene.row(key) == nil)
        #expect(scene.step(ShardMethods.inquireStep, batch: 0, at: [100, 900]) == .success(none))
    }

    @Test func aStepIsStagedAtOnceForAllItsPartitions() {
        _ = stage(0)
        var rest = PushFields(isStaged: true)
        rest.slices[0].runs = [.init(partition: 2, incarnation: 102, keyCount: 1)]
        rest.slices[0].keys = ShardScene.keys(1, of: 2)
        rest.slices[0].gradients = [1, 1]
        #expect(scene.push(rest).failure?.code == .failedPrecondition)
        #expect(commit(0) == .success(committed))
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
