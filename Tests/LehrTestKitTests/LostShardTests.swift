import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrTestKit
import Testing

/// A shard takes its rows with it: the jobs that had any there fail at once and say so.
@Suite struct LostShardTests {
    private let data: SampleData

    init() throws { data = try SampleData.pairs() }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func aKilledShardFailsTheJobByName(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let moment = 1 + random.below(100)
        var trigger: ArrivalTrigger?
        let run = try TrainingRun(
            data.twoTower(mode: seed % 2 == 0 ? "eventual" : "sequential"), on: data,
            SandboxOptions(seed: seed)
        ) { cluster, _ in
            trigger = cluster.atArrival(moment, where: { isShardCall($0) }) {
                cluster.shards[1].kill()
            }
        }
        #expect(trigger?.hasFired == true)
        #expect(run.status.state == .failed)
        #expect(
            run.status.message
                == "shard shard-1 (shard-1:7200) was lost: its lease ended without renewal; "
                + "the rows it owned are gone")
        // The workers are free again: what is left of the cluster takes the next job.
        let next = try run.cluster.submit(data.twoTower(mode: "eventual"))
        #expect(run.cluster.runToEnd(of: next)?.state == .completed)
        let owners = Set(run.cluster.tables(of: next).flatMap(\.partitions).map(\.ownerName))
        #expect(owners == ["shard-0"])
    }

    @Test func aShardLostAfterTheEndLeavesTheJobCompleted() throws {
        let run = try TrainingRun(data.twoTower(mode: "eventual"), on: data)
        run.cluster.shards[0].kill()
        run.cluster.run(for: .seconds(5))
        let status = try #require(run.cluster.status(of: run.status.id))
        #expect(status.state == .completed)
        #expect(status.message.contains("shard-0"))
        #expect(status.message.contains("can no longer be exported"))
        #expect(run.cluster.tables(of: run.status.id).isEmpty)
        #expect(run.cluster.statistics(of: run.status.id).isEmpty, "the other shard let go of it")
    }

    @Test func aShardThatCannotReachTheCoordinatorTakesNoWrites() throws {
        let cluster = try ClusterSandbox(shards: 2, workers: 2, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual", epochs: 5000))
        cluster.run(for: .milliseconds(100))
        let table = try #require(cluster.tables(of: job).first { $0.spec.name == "user/0/bias" })
        cluster.killCoordinator()
        // TTL is two seconds: soon nothing may be pushed any more, but pulls go on.
        cluster.run(for: .seconds(3))
        let before = cluster.statistics(of: job)
        cluster.run(for: .seconds(3))
        #expect(cluster.statistics(of: job) == before)
        #expect(before.contains { $0.batchesApplied > 0 })
        #expect(try cluster.pullBytes(table, key: 0) == 4 * 8)
        try cluster.startCoordinator()
        cluster.run(for: .milliseconds(2500))
        #expect(cluster.statistics(of: job) != before, "training went on")
        #expect(cluster.status(of: job)?.state == .running)
    }
}
