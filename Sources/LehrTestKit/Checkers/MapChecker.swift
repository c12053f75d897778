import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC

/// Versions of the map never go back, neither where they are made nor where they are heard, and a
/// version means one map: whoever has heard of it knows that one, however it was told.
final class MapChecker: Checker {
    private(set) var violations: [String] = []
    private var last: UInt64 = 0
    /// Every map that was made, by version.
    private var made: [UInt64: ClusterMap] = [:]
    /// What each life of a process has heard last.
    private var heard: [ObjectIdentifier: UInt64] = [:]

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .restored(let instance), .decided(let instance, isHeard: true):
            let map = instance.map
            if map.version < last {
                violations.append("the map went back from \(last) to \(map.version)")
            } else if let other = made.updateValue(map, forKey: map.version), other != map {
                violations.append("there are two maps of version \(map.version)")
            }
            last = map.version
        default: break
        }
    }

    func look(at cluster: ClusterSandbox) {
        for shard in cluster.shards where shard.isAlive {
            hear(of: shard.agent, shard.name, ObjectIdentifier(shard))
        }
        for worker in cluster.workers where worker.core.isAlive {
            hear(of: worker.agent, worker.name, ObjectIdentifier(worker))
        }
        for process in cluster.serving where process.core.isAlive {
            hear(of: process.agent, process.name, ObjectIdentifier(process))
        }
    }

    private func hear(of agent: MembershipAgent, _ name: String, _ process: ObjectIdentifier) {
        guard let version = agent.map?.version, version != heard[process] else { return }
        if let before = heard.updateValue(version, forKey: process), version < before {
            violations.append("\(name) went back from map \(before) to \(version)")
        }
        if version > last {
            violations.append("\(name) has heard of map \(version), and the last is \(last)")
        } else if agent.map != made[version] {
            violations.append("\(name) has heard of another map of version \(version)")
        }
    }
}
