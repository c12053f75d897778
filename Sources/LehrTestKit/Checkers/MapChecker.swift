import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC

/// Versions of the map never go back, neither where they are made nor where they are heard, and a
/// version means one map.
final class MapChecker: Checker {
    private(set) var violations: [String] = []
    private var last: ClusterMap?
    /// What each life of a process has heard last.
    private var heard: [ObjectIdentifier: UInt64] = [:]

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .restored(let instance), .decided(let instance, isHeard: true):
            let map = instance.map
            defer { last = map }
            guard let last else { return }
            if map.version < last.version {
                violations.append("the map went back from \(last.version) to \(map.version)")
            } else if map.version == last.version, map != last {
                violations.append("there are two maps of version \(map.version)")
            }
        default: break
        }
    }

    func look(at cluster: ClusterSandbox) {
        for shard in cluster.shards where shard.isAlive {
            hear(shard.agent.map?.version, shard.name, ObjectIdentifier(shard))
        }
        for worker in cluster.workers where worker.core.isAlive {
            hear(worker.agent.map?.version, worker.name, ObjectIdentifier(worker))
        }
        for process in cluster.serving where process.core.isAlive {
            hear(process.agent.map?.version, process.name, ObjectIdentifier(process))
        }
    }

    private func hear(_ version: UInt64?, _ name: String, _ process: ObjectIdentifier) {
        guard let version else { return }
        if let before = heard[process], version < before {
            violations.append("\(name) went back from map \(before) to \(version)")
        }
        heard[process] = version
        if let made = last?.version, version > made {
            violations.append("\(name) has heard of map \(version), and the last is \(made)")
        }
    }
}
