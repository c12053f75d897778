import LehrCoordinator
import LehrCore
import LehrMembership
import LehrTable

/// At no instant do two owners both acknowledge writes for a partition, across lives of processes and
/// of the coordinator: only the owner whom the map last named does, in the life that it named.
final class SingleOwnerChecker: Checker {
    private struct Owner: Hashable {
        let life: MemberIncarnation
        let incarnation: PartitionIncarnation
    }

    private(set) var violations: [String] = []
    /// The newest owner that any map has named.
    private var owners: [PartitionID: Owner] = [:]
    private var seenVersion: UInt64 = 0

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .restored(let instance), .decided(let instance, isHeard: true): learn(instance)
        case .wrote(let write) where write.isAcknowledged: judge(write)
        default: break
        }
    }

    private func learn(_ instance: CoordinatorInstance) {
        guard instance.cluster.mapVersion != seenVersion else { return }
        seenVersion = instance.cluster.mapVersion
        for table in instance.tables {
            for (index, placed) in table.partitions.enumerated() {
                let id = PartitionID(table: table.id, index: UInt32(index))
                let owner = Owner(life: placed.owner, incarnation: placed.incarnation)
                guard let known = owners[id], known != owner else {
                    owners[id] = owner
                    continue
                }
                if owner.incarnation <= known.incarnation {
                    violations.append(
                        "partition \(id.table.value)/\(id.index) was given to "
                            + "\(owner.life.value) under incarnation \(owner.incarnation.value), "
                            + "after \(known.life.value) had \(known.incarnation.value)")
                }
                owners[id] = owner
            }
        }
    }

    private func judge(_ write: Sighting.Write) {
        let writer = Owner(life: write.life, incarnation: write.incarnation)
        guard owners[write.partition] != writer else { return }
        let owner = owners[write.partition].map {
            "\($0.life.value) under incarnation \($0.incarnation.value)"
        }
        violations.append(
            "\(write.shard), life \(write.life.value), acknowledged a write to partition "
                + "\(write.partition.table.value)/\(write.partition.index) under incarnation "
                + "\(write.incarnation.value); its owner is \(owner ?? "nobody")")
    }
}
