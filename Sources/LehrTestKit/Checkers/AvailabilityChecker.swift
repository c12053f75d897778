import LehrCore
import LehrMembership
import LehrRPC
import LehrShard

/// A shard that has joined may write at any time: for scenarios in which leases are renewed in time.
final class AvailabilityChecker: Checker {
    private(set) var violations: [String] = []

    func look(at cluster: ClusterSandbox) {
        guard violations.isEmpty else { return }
        for process in cluster.shards where process.isAlive {
            for (core, shard) in zip(process.cores, process.shards) {
                guard let life = shard.life, shard.lease?.mayWrite(at: core.now) != true
                else { continue }
                violations.append("\(process.name), life \(life.value), may not write any more")
            }
        }
    }
}
