import LehrCluster
import LehrCore

/// No batch is applied twice to a partition; what is acknowledged was applied, then or before.
final class AppliedOnceChecker: Checker {
    private struct Batch: Hashable {
        let partition: PartitionID
        let incarnation: PartitionIncarnation
        let generation: UInt32
        let part: UInt32
        let batch: UInt64
    }

    private(set) var violations: [String] = []
    private var applied: Set<Batch> = []

    func note(_ sighting: Sighting, in cluster: ClusterSandbox) {
        guard case .wrote(let write) = sighting else { return }
        let identity = write.identity
        let batch = Batch(
            partition: write.partition, incarnation: write.incarnation,
            generation: identity.generation, part: identity.part, batch: identity.batch)
        let what =
            "batch \(identity.batch) of part \(identity.part) at partition "
            + "\(write.partition.table.value)/\(write.partition.index) on \(write.shard)"
        if write.isApplied {
            if !applied.insert(batch).inserted { violations.append("\(what) was applied twice") }
            if !write.isAcknowledged { violations.append("\(what) was applied and refused") }
        } else if write.isAcknowledged, !applied.contains(batch) {
            violations.append("\(what) was acknowledged and never applied")
        }
    }
}
