import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard

/// No holder believes that it has a lease, or acknowledges a write, after the table has ended it, or
/// for longer than a TTL after an operator has; no life is given to two processes.
final class LeaseChecker: Checker {
    private(set) var violations: [String] = []
    private var lives: [MemberIncarnation: UInt64] = [:]
    /// Until when a life may believe whose lease an operator has ended.
    private var revoked: [MemberIncarnation: Instant] = [:]
    /// Lives that were found to believe wrongly: once is enough.
    private var liars: Set<MemberIncarnation> = []

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .joined(let life, let process):
            if let other = lives.updateValue(process, forKey: life), other != process {
                violations.append("incarnation \(life.value) was given to two processes")
            }
        case .revoking(let life):
            guard let table = cluster.coordinator?.shell.instance.leases else { return }
            revoked[life] = cluster.time.now + table.terms.ttl
        case .wrote(let write) where write.isAcknowledged:
            guard let table = cluster.coordinator?.shell.instance.leases else { return }
            find(write.life, write.shard, "has acknowledged a write", table, cluster)
        default: break
        }
    }

    func look(at cluster: ClusterSandbox) {
        guard let table = cluster.coordinator?.shell.instance.leases else { return }
        for process in cluster.serving where process.core.isAlive && !process.core.isPaused {
            judge(process.agent.lease, process.name, at: process.core.now, table, cluster)
        }
        for process in cluster.shards where process.isAlive {
            for (core, shard) in zip(process.cores, process.shards) where !core.isPaused {
                judge(shard.lease, process.name, at: core.now, table, cluster)
            }
        }
    }

    private func judge(
        _ lease: HeldLease?, _ name: String, at now: Instant, _ table: LeaseTable,
        _ cluster: ClusterSandbox
    ) {
        guard let lease, lease.mayWrite(at: now) else { return }
        find(lease.incarnation, name, "believes in its lease", table, cluster)
    }

    private func find(
        _ life: MemberIncarnation, _ name: String, _ what: String, _ table: LeaseTable,
        _ cluster: ClusterSandbox
    ) {
        guard table.member(life) == nil, cluster.time.now >= revoked[life] ?? cluster.time.now,
            liars.insert(life).inserted
        else { return }
        violations.append(
            "\(name), life \(life.value), \(what) after the table has ended its lease")
    }
}
