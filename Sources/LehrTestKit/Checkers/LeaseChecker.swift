import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard

/// No holder believes that it has a lease, or acknowledges a write, after the table has ended it; no
/// life is given to two processes.
final class LeaseChecker: Checker {
    private(set) var violations: [String] = []
    private var lives: [MemberIncarnation: UInt64] = [:]
    /// Lives that were found to believe wrongly: once is enough.
    private var liars: Set<MemberIncarnation> = []

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .joined(let life, let process):
            if let other = lives.updateValue(process, forKey: life), other != process {
                violations.append("incarnation \(life.value) was given to two processes")
            }
        case .wrote(let write) where write.isAcknowledged:
            guard let table = cluster.coordinator?.shell.instance.leases else { return }
            find(write.life, write.shard, "has acknowledged a write", table)
        default: break
        }
    }

    func look(at cluster: ClusterSandbox) {
        guard let table = cluster.coordinator?.shell.instance.leases else { return }
        for process in cluster.serving where process.core.isAlive && !process.core.isPaused {
            judge(process.agent.lease, process.name, at: process.core.now, table)
        }
        for process in cluster.shards where process.isAlive {
            for (core, shard) in zip(process.cores, process.shards) where !core.isPaused {
                judge(shard.lease, process.name, at: core.now, table)
            }
        }
    }

    private func judge(
        _ lease: HeldLease?, _ name: String, at now: Instant, _ table: LeaseTable
    ) {
        guard let lease, lease.mayWrite(at: now) else { return }
        find(lease.incarnation, name, "believes in its lease", table)
    }

    private func find(
        _ life: MemberIncarnation, _ name: String, _ what: String, _ table: LeaseTable
    ) {
        guard table.member(life) == nil, liars.insert(life).inserted else { return }
        violations.append(
            "\(name), life \(life.value), \(what) after the table has ended its lease")
    }
}
