import LehrCluster
import LehrCore
import LehrRPC
import LehrTestKit
import LehrWorker
import Testing

/// Sequential mode leaves the same bits, whoever did the work and whoever died of it.
@Suite struct SequentialTests {
    private let data: SampleData
    private let spec: String
    private let alone: TrainingRun

    init() throws {
        data = try SampleData.pairs(users: 80, interactions: 900)
        spec = data.twoTower(mode: "sequential")
        alone = try TrainingRun(spec, on: data, workers: 1)
        try #require(alone.status.state == .completed, "\(alone.status.message)")
        try #require(alone.contents.count == 7 && alone.contents["user"]?.count == 80)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func twoWorkersAreBitEqualToOne(seed: UInt64) throws {
        let run = try TrainingRun(spec, on: data, workers: 2, SandboxOptions(seed: seed))
        #expect(run.contents == alone.contents)
        #expect(run.counts == alone.counts)
        #expect(run.status.metric == alone.status.metric)
        let busy = run.cluster.workers.filter { $0.shell.tasksDone > 0 }
        #expect(busy.count == 2, "both workers worked")
    }

    @Test func aLogisticRegressionIsBitEqualToo() throws {
        let data = try SampleData.labelled()
        let spec = data.logistic(mode: "sequential")
        let one = try TrainingRun(spec, on: data, workers: 1)
        let three = try TrainingRun(spec, on: data, workers: 3)
        #expect(!one.contents.isEmpty)
        #expect(one.contents == three.contents)
    }

    /// A worker dies at the arrival of one of its messages: before, between and after staging and
    /// committing at each owner.
    @Test(arguments: ["Push", "CommitStep", "InquireStep", "AbortStep", "Pull"])
    func aKilledWorkerChangesNoBit(method: String) throws {
        var resumed = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed, path: featureKey(method.utf8))
            // Inquiries are one to each of four cores a part, aborts likewise.
            let moment =
                1 + random.below(method.hasSuffix("Step") && method != "CommitStep" ? 12 : 90)
            var trigger: ArrivalTrigger?
            let run = try TrainingRun(spec, on: data, workers: 2, .disturbed(seed)) {
                cluster, _ in
                trigger = cluster.killSender(at: moment) { isShardCall($0, method) }
            }
            #expect(trigger?.hasFired == true, "seed \(seed): the worker was not killed")
            #expect(run.status.state == .completed, "seed \(seed): \(run.status.message)")
            #expect(run.contents == alone.contents, "seed \(seed), moment \(moment): other bits")
            #expect(run.counts == alone.counts, "seed \(seed), moment \(moment): other counts")
            resumed += run.cluster.attempts(of: run.status.id) > 8 ? 1 : 0
        }
        #expect(resumed > 0, "no part was ever taken over in the middle")
    }

    /// Both workers and the coordinator die, one after another.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func aSeriesOfKillsChangesNoBit(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let moments = (0..<3).map { 10 + 50 * $0 + random.below(40) }
        var triggers: [ArrivalTrigger] = []
        let run = try TrainingRun(spec, on: data, workers: 2, .disturbed(seed)) {
            cluster, _ in
            for moment in moments {
                triggers.append(
                    cluster.killSender(at: moment, restartAfter: .milliseconds(500)) {
                        isShardCall($0, "Push", "CommitStep")
                    })
            }
            triggers.append(
                cluster.killCoordinator(at: 90, restartAfter: .milliseconds(700)) {
                    isShardCall($0)
                })
        }
        #expect(triggers.allSatisfy { $0.hasFired })
        #expect(run.status.state == .completed, "\(run.status.message)")
        #expect(run.contents == alone.contents)
        #expect(run.counts == alone.counts)
    }
}
