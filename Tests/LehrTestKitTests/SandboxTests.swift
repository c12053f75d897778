import CLehrWire
import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTestKit
import LehrWire
import Testing

/// The sandbox itself, and members that come, go and hear things late.
@Suite struct SandboxTests {
    private let data: SampleData

    init() throws { data = try SampleData.pairs(users: 80, interactions: 900) }

    @Test func membersJoinAndAreExpelled() throws {
        let cluster = try ClusterSandbox(shards: 1, workers: 2, files: data.files)
        cluster.workers[0].kill()
        #expect(cluster.members(.worker).count == 2, "a lease outlives its holder")
        cluster.run(for: .milliseconds(2100))
        #expect(cluster.members(.worker).map(\.name) == ["worker-1"])
        let before = try #require(cluster.members(.worker).first).incarnation
        cluster.addWorker(name: "worker-1")
        cluster.run(for: .seconds(5))
        #expect(cluster.members(.worker).map(\.incarnation) == [before], "it renews its lease")
        cluster.workers[1].kill()
        // Half a lease, and the time between two tries.
        cluster.run(for: .milliseconds(1300))
        let after = try #require(cluster.members(.worker).first).incarnation
        #expect(after > before, "a namesake takes the older life's place")
    }

    @Test func aJobReachesAShardThatHasNotHeardThatItJoined() throws {
        let cluster = try ClusterSandbox(shards: 1, workers: 1, files: data.files)
        let trigger = cluster.atArrival(
            1, where: { $0.path.hasSuffix("/Join") && $0.source == "shard-1/0" }
        ) { cluster.freeze("shard-1/0", for: .seconds(1)) }
        try cluster.addShard()
        #expect(cluster.run(for: .seconds(1)) { cluster.members(.shard).count == 2 })
        let job = try cluster.submit(data.twoTower(mode: "sequential"))
        #expect(trigger.hasFired)
        #expect(cluster.shards[1].shards[1].cluster.value == 0, "it has not heard yet")
        #expect(cluster.tables(of: job).contains { $0.partitions.contains { $0.core == 1 } })
        let end = cluster.time.now + .seconds(20)
        #expect(cluster.runToEnd(of: job)?.state == .completed)
        #expect(cluster.time.now < end)
    }

    @Test func aShardThatJoinsAnewOwnsNothingOfItsOldLife() throws {
        let cluster = try ClusterSandbox(shards: 1, workers: 1, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: job)?.state == .completed)
        #expect(!cluster.statistics(of: job).isEmpty)
        // Both cores, or the second would not hear from the first either way.
        cluster.freeze("shard-0/0", for: .seconds(4))
        cluster.run(for: .seconds(8))
        #expect(cluster.members(.shard).map(\.incarnation.value) == [3])
        #expect(cluster.statistics(of: job).isEmpty)
        let next = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: next)?.state == .completed)
    }

    @Test func whoseLeaseIsRevokedJoinsAnewAtItsNextRenewal() throws {
        let cluster = try ClusterSandbox(shards: 2, workers: 1, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: job)?.state == .completed)
        let before = cluster.shards[0].agent.lease?.incarnation
        var isDone: Bool?
        cluster.revoke("shard-0") { isDone = $0 }
        #expect(cluster.run(for: .seconds(1)) { isDone != nil } && isDone == true)
        #expect(
            cluster.status(of: job)?.message.contains("its lease was revoked by an operator")
                == true)
        #expect(cluster.members(.shard).map(\.name) == ["shard-1"])
        #expect(cluster.shards[0].agent.lease?.incarnation == before, "it does not know yet")
        cluster.run(for: .seconds(1))
        #expect(cluster.members(.shard).map(\.name) == ["shard-1", "shard-0"])
        let after = try #require(cluster.shards[0].agent.lease?.incarnation)
        #expect(after > (before ?? after))
        #expect(cluster.statistics(of: job).isEmpty, "it owns nothing of its old life")
        let next = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: next)?.state == .completed)
        cluster.revoke("shard-9") { isDone = $0 }
        #expect(cluster.run(for: .seconds(1)) { isDone == false })
    }

    /// Versions are durable: who knows the one that it comes back with has nothing to be sent.
    @Test func aCoordinatorThatIsBackSendsNoMapAgain() throws {
        let cluster = try ClusterSandbox(shards: 2, workers: 8, files: data.files)
        let job = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: job)?.state == .completed)
        var messages: [Int] = []
        cluster.onArrival = { arrival in
            guard arrival.kind == .message, arrival.path.hasSuffix("/WatchClusterMap") else {
                return
            }
            messages.append(arrival.bytes)
        }
        let map = try #require(cluster.coordinator?.shell.instance.map)
        cluster.kill("coordinator")
        try cluster.restart("coordinator")
        cluster.run(for: .seconds(5))
        #expect(cluster.coordinator?.shell.instance.map == map)
        #expect(messages.count == 10)
        #expect(messages.allSatisfy { $0 < 100 }, "\(messages)")
        try cluster.addShard()
        cluster.run(for: .seconds(1))
        #expect(cluster.workers.allSatisfy { $0.agent.map?.members.count == 11 })
    }

    /// What it holds in memory is not what the next one finds.
    @Test func aCoordinatorThatCannotWriteSaysNothingMore() throws {
        let cluster = try ClusterSandbox(shards: 1, workers: 1, files: data.files)
        cluster.disk.room = 0
        #expect(throws: RPCError.self) { try cluster.submit(data.twoTower(mode: "eventual")) }
        #expect(cluster.isAlive("coordinator"), "it has not come to its end yet")
        let unavailable = [
            error {
                try cluster.call(CoordinatorMethods.getClusterMap) { _, _ in
                } _: { _ in
                }
            },
            error {
                try cluster.call(CoordinatorMethods.listMembers) { _, _ in
                } _: { _ in
                }
            },
            error {
                try cluster.call(CoordinatorMethods.listJobs) { _, _ in
                } _: { _ in
                }
            },
            error {
                try cluster.call(CoordinatorMethods.getJob) {
                    $0.job = $1.string("1")
                } _: { _ in
                }
            },
        ]
        #expect(unavailable.allSatisfy { $0?.code == .unavailable }, "\(unavailable)")
        cluster.run(for: .seconds(2))
        cluster.disk.room = nil
        try cluster.restart("coordinator")
        let job = try cluster.submit(data.twoTower(mode: "eventual"))
        #expect(cluster.runToEnd(of: job)?.state == .completed)
    }

    private func error(_ body: () throws -> Void) -> RPCError? {
        do { try body() } catch { return error as? RPCError }
        return nil
    }
}
