import LehrCluster
import LehrCore
import LehrRPC
import LehrShard
import LehrTestKit
import Testing

/// Jobs that nothing disturbs, on two shards of two cores each.
@Suite struct TrainingTests {
    @Test(arguments: ["eventual", "sequential"])
    func aTwoTowerJobLearns(mode: String) throws {
        let data = try SampleData.pairs()
        let run = try TrainingRun(data.twoTower(mode: mode, epochs: 6), on: data)
        #expect(run.status.state == .completed, "\(run.status.message)")
        #expect(run.status.samplesDone == run.status.samples)
        #expect(run.status.batchesDone == run.status.batches)
        let (first, last) = (try #require(run.losses.first), try #require(run.losses.last))
        #expect(last < first - 0.05, "the loss went from \(first) to \(last)")
        #expect(run.status.metricName == "hr@10")
        #expect(run.metrics.count == 6)
        // One positive among a hundred: chance is 0.1.
        #expect(run.status.metric > 0.25)
    }

    @Test(arguments: ["eventual", "sequential"])
    func aTwoTowerJobThatSendsLessLearnsAsWell(mode: String) throws {
        let data = try SampleData.pairs()
        let plain = data.twoTower(mode: mode, epochs: 6)
        let run = try TrainingRun(
            """
            \(plain)
            wire:
              sparse: {rows: f16, gradients: int8, keys: delta}
              dense: {rows: bf16, gradients: f16}
            """, on: data)
        #expect(run.status.state == .completed, "\(run.status.message)")
        #expect(run.status.metric > 0.25)
        let whole = try TrainingRun(plain, on: data)
        #expect(run.status.bytesPulled * 10 < whole.status.bytesPulled * 7)
        #expect(run.status.bytesPushed * 10 < whole.status.bytesPushed * 7)
    }

    @Test(arguments: ["eventual", "sequential"])
    func aLogisticRegressionLearns(mode: String) throws {
        let data = try SampleData.labelled()
        let run = try TrainingRun(data.logistic(mode: mode), on: data)
        #expect(run.status.state == .completed, "\(run.status.message)")
        let (first, last) = (try #require(run.losses.first), try #require(run.losses.last))
        #expect(last < first - 0.002, "the loss went from \(first) to \(last)")
        #expect(run.status.metricName == "auc")
        #expect(run.metrics.count == 2)
        #expect(run.status.metric > 0.85)
    }

    @Test func theSameSeedGivesTheSameRun() throws {
        let data = try SampleData.pairs()
        func events() throws -> [Int] {
            let run = try TrainingRun(data.twoTower(mode: "eventual"), on: data)
            return [run.cluster.time.eventCount, run.contents.hashValue]
        }
        let first = try events()
        #expect(try events() == first)
    }

    @Test func everyBatchIsAppliedOnceWhereItsKeysAre() throws {
        let data = try SampleData.pairs()
        let run = try TrainingRun(data.twoTower(mode: "eventual"), on: data)
        let statistics = run.cluster.statistics(of: run.status.id)
        // Three hashed tables of eight partitions, and two dense layers of one each way.
        #expect(statistics.count == 3 * 8 + 4)
        #expect(run.repeats == 0)
        // A dense variable is part of every batch.
        let dense = statistics.filter { $0.partition.table.value > 3 }
        #expect(dense.allSatisfy { $0.batchesApplied == run.status.batches })
        #expect(statistics.allSatisfy { $0.rowsRefused == 0 })
    }

    @Test func twoJobsShareTheWorkers() throws {
        let (pairs, labelled) = (try SampleData.pairs(), try SampleData.labelled())
        let cluster = try ClusterSandbox(shards: 2, workers: 2, files: pairs.files)
        let jobs = [
            try cluster.submit(pairs.twoTower(mode: "eventual")),
            try cluster.submit(labelled.logistic(mode: "sequential")),
        ]
        for job in jobs { #expect(cluster.runToEnd(of: job)?.state == .completed) }
    }

    @Test func aJobSubmittedBeforeAnyWorkerWaitsForOne() throws {
        let data = try SampleData.pairs()
        let cluster = try ClusterSandbox(shards: 2, workers: 0, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual"))
        cluster.run(for: .seconds(30))
        #expect(cluster.status(of: job)?.state == .running)
        cluster.addWorker()
        #expect(cluster.runToEnd(of: job)?.state == .completed)
    }

    @Test func aStoppedJobStops() throws {
        let data = try SampleData.pairs()
        let cluster = try ClusterSandbox(shards: 2, workers: 2, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual", epochs: 5000))
        cluster.run(for: .milliseconds(200))
        try cluster.stop(job)
        let done = try #require(cluster.status(of: job))
        #expect(done.state == .stopped)
        #expect(done.batchesDone < done.batches)
        // Workers drop it at their next report, and are free for another.
        cluster.run(for: .seconds(2))
        let next = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: next)?.state == .completed)
        let after = cluster.statistics(of: job).map(\.batchesApplied)
        cluster.run(for: .seconds(5))
        #expect(cluster.statistics(of: job).map(\.batchesApplied) == after)
    }
}
