import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrTestKit
import Testing

/// Eventual mode: whatever is killed, every batch is applied once to each partition that its keys are
/// in. The keys of a batch depend on the job alone, so an undisturbed run says what is right.
@Suite struct ExactlyOnceTests {
    private let data: SampleData
    private let spec: String
    private let undisturbed: TrainingRun

    init() throws {
        data = try SampleData.pairs(users: 80, interactions: 900)
        spec = data.twoTower(mode: "eventual", batch: 24, inFlight: 3)
        undisturbed = try TrainingRun(spec, on: data)
        try #require(undisturbed.status.state == .completed)
        try #require(undisturbed.repeats == 0)
    }

    @Test func aKilledWorkerCostsNothing() throws {
        var repeats: UInt64 = 0
        var resumed = 0
        for seed in 1...24 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moment = 1 + random.below(200)
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, .disturbed(seed)) { cluster, _ in
                trigger = cluster.killSender(at: moment) { isShardCall($0) }
            }
            #expect(trigger?.hasFired == true, "seed \(seed): the worker was not killed")
            expectOnce(run, "seed \(seed), killed at message \(moment)")
            repeats += run.repeats
            resumed += run.resumedInside
        }
        #expect(resumed > 0, "no part ever went on from its middle")
        #expect(repeats > 0, "no batch was ever repeated: the faults missed the middle of a batch")
    }

    /// The report of a worker is the last that is heard of it: the part goes on right there.
    @Test func aWorkerKilledAsItReportsCostsNothing() throws {
        // One batch at a time, so that the batch at the floor has often not been pushed yet.
        let spec = data.twoTower(mode: "eventual", batch: 24, inFlight: 1)
        var resumed = 0
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moment = 1 + random.below(16)
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, .disturbed(2 * seed)) { cluster, _ in
                trigger = cluster.killSender(at: moment) {
                    $0.kind == .request && $0.path.hasSuffix("/ReportTask")
                }
            }
            #expect(trigger?.hasFired == true, "seed \(seed): the worker was not killed")
            expectOnce(run, "seed \(seed), killed at report \(moment)")
            resumed += run.resumedInside
        }
        #expect(resumed > 3, "no part ever went on from its middle")
    }

    @Test func workersKilledOverAndOverCostNothing() throws {
        var repeats: UInt64 = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moments = (0..<5).map { 30 * $0 + 1 + random.below(30) }
            var triggers: [ArrivalTrigger] = []
            let run = try TrainingRun(spec, on: data, .disturbed(seed)) { cluster, _ in
                triggers = moments.map {
                    cluster.killSender(at: $0, restartAfter: .milliseconds(300)) {
                        isShardCall($0, "Push")
                    }
                }
            }
            #expect(triggers.allSatisfy { $0.hasFired }, "seed \(seed)")
            expectOnce(run, "seed \(seed), killed at \(moments)")
            repeats += run.repeats
        }
        #expect(repeats > 0)
    }

    /// A coordinator that is killed comes back from its store; the workers go on with their parts or
    /// take them up again.
    @Test func aRestartedCoordinatorLosesNothing() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moment = 1 + random.below(150)
            let absence = Duration.milliseconds(Int64(20 + random.below(3000)))
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, .disturbed(seed)) { cluster, _ in
                trigger = cluster.killCoordinator(at: moment, restartAfter: absence) {
                    isShardCall($0)
                }
            }
            #expect(trigger?.hasFired == true, "seed \(seed)")
            expectOnce(run, "seed \(seed), away for \(absence)")
        }
    }

    @Test func aCoordinatorKilledBetweenItsOwnMessagesLosesNothing() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moment = 1 + random.below(40)
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, .disturbed(seed)) { cluster, _ in
                trigger = cluster.killCoordinator(at: moment, restartAfter: .milliseconds(400)) {
                    $0.path.hasSuffix("Task")
                }
            }
            #expect(trigger?.hasFired == true, "seed \(seed)")
            expectOnce(run, "seed \(seed), killed at \(moment)")
        }
    }

    /// A worker that was stopped for longer than its lease wakes up with pushes on their way, while
    /// its part has gone on elsewhere.
    @Test func aWorkerThatWakesAfterItsLeaseHarmsNobody() throws {
        var tookOver = 0
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let moment = 1 + random.below(120)
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, .disturbed(seed)) { cluster, _ in
                trigger = cluster.atArrival(moment) {
                    isShardCall($0) && $0.source == "worker-0"
                } _: {
                    cluster.freeze("worker-0", for: .seconds(5))
                }
            }
            #expect(trigger?.hasFired == true, "seed \(seed)")
            run.cluster.run(for: .seconds(30))
            expectOnce(run, "seed \(seed), stopped at \(moment)")
            let lives = run.cluster.members(.worker).map(\.incarnation.value)
            #expect(lives.contains { $0 > 4 }, "seed \(seed): the stopped worker joined anew")
            tookOver += run.cluster.attempts(of: run.status.id) > 8 ? 1 : 0
        }
        #expect(tookOver > 0, "no part ever went elsewhere")
    }

    private func expectOnce(_ run: TrainingRun, _ what: String) {
        #expect(run.status.state == .completed, "\(what): \(run.status.message)")
        #expect(run.status.batchesDone == undisturbed.status.batchesDone, "\(what)")
        #expect(run.status.samplesDone == undisturbed.status.samplesDone, "\(what)")
        #expect(run.counts == undisturbed.counts, "\(what): a batch was lost or came twice")
    }
}
