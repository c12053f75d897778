import LehrCluster
import LehrCore
import LehrRPC
import LehrTestKit
import Testing

/// Jobs that nothing disturbs, on two shards of two cores each.
@Suite struct TrainingTests {
    @Test(arguments: ["eventual", "sequential"])
    func aTwoTowerJobLearns(mode: String) throws {
        let data = try SampleData.pairs()
        print("A")
        let cluster = try ClusterSandbox(shards: 2, workers: 2, files: data.files)
        print("B")
        do {
        let job = try cluster.submit(data.twoTower(mode: mode, epochs: 6))
        print("C")
        var losses: [Double] = []
        let status = try #require(cluster.runToEnd(of: job))
        losses.append(status.loss)
        #expect(status.state == .completed, "\(status.message)")
        print(status, cluster.time.now, cluster.time.eventCount)
        withExtendedLifetime(data) {}
        } catch { print(error); throw error }
    }
}
