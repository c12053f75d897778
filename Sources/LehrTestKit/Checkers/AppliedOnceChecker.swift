import LehrCluster
import LehrCoordinator
import LehrCore
import LehrMembership
import LehrTable

/// No batch is applied twice to a partition, also not by owners that have it one after the other; what is
/// acknowledged was applied, then or before.
final class AppliedOnceChecker: Checker {
    fileprivate struct Batch: Hashable {
        let partition: PartitionID
        let incarnation: PartitionIncarnation
        let generation: UInt32
        let part: UInt32
        let batch: UInt64
    }

    private(set) var violations: [String] = []
    private var applied: Set<Batch> = []
    /// The newest owner of each partition, and whose rows each owner got.
    private var owners: [PartitionID: PartitionIncarnation] = [:]
    private var predecessors: [PartitionIncarnation: PartitionIncarnation] = [:]

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        switch sighting {
        case .restored(let instance), .decided(let instance, isHeard: true): learn(instance)
        case .wrote(let write): judge(write)
        default: break
        }
    }

    private func learn(_ instance: CoordinatorInstance) {
        for table in instance.tables {
            for (index, placed) in table.partitions.enumerated() {
                let id = PartitionID(table: table.id, index: UInt32(index))
                guard let known = owners.updateValue(placed.incarnation, forKey: id),
                    known != placed.incarnation
                else { continue }
                // Handed on, or taken back from one that was never open.
                predecessors[placed.incarnation] =
                    placed.line == placed.incarnation ? predecessors[known] : known
            }
        }
    }

    private func judge(_ write: Sighting.Write) {
        let identity = write.identity
        let what =
            "batch \(identity.batch) of part \(identity.part) at partition "
            + "\(write.partition.table.value)/\(write.partition.index) on \(write.shard)"
        let isKnown = lineage(of: write.incarnation).contains {
            applied.contains(Batch(write, under: $0))
        }
        if write.isApplied {
            applied.insert(Batch(write, under: write.incarnation))
            if isKnown { violations.append("\(what) was applied twice") }
            if !write.isAcknowledged { violations.append("\(what) was applied and refused") }
        } else if write.isAcknowledged, !isKnown {
            violations.append("\(what) was acknowledged and never applied")
        }
    }

    /// An owner, and those whose rows it has.
    private func lineage(of incarnation: PartitionIncarnation) -> [PartitionIncarnation] {
        var line = [incarnation]
        while let before = predecessors[line[line.count - 1]] { line.append(before) }
        return line
    }
}

extension AppliedOnceChecker.Batch {
    fileprivate init(_ write: Sighting.Write, under incarnation: PartitionIncarnation) {
        self.init(
            partition: write.partition, incarnation: incarnation,
            generation: write.identity.generation, part: write.identity.part,
            batch: write.identity.batch)
    }
}
