import CLehrWire
import LehrCluster
import LehrCore
import LehrMembership
import LehrRPC
import LehrShard
import LehrTable
import LehrWire

/// Sees what one core of a shard writes.
struct ShardWitness {
    let tell: (Sighting) -> Void

    /// Services that behave as `services`, and are seen.
    func watch(_ shard: ShardCore, named name: String, _ services: ServiceTable) -> ServiceTable {
        let arenas = ArenaPool()
        return services.watched { path, request in
            arenas.withArena { arena in
                switch path {
                case ShardMethods.push.path:
                    guard let push = try? Wire.PushRequest.decode(request, in: arena),
                        push.pointee.stage == 0
                    else { return nil }
                    return watch(shard, name, push.pointee.identity)
                case ShardMethods.commitStep.path:
                    let step = try? Wire.StepRequest.decode(request, in: arena)
                    return watch(shard, name, step?.pointee.identity)
                default: return nil
                }
            }
        }
    }

    /// Compares the partitions as they are now with those after the answer.
    private func watch(
        _ shard: ShardCore, _ name: String, _ identity: UnsafeMutablePointer<Wire.PushIdentity>?
    ) -> (([UInt8]?) -> Void)? {
        guard let identity = identity.map({ PushIdentity(wire: $0.pointee) }) else { return nil }
        let partitions = shard.ownedPartitions
        let before = partitions.map { $0.rowsPushed + $0.applied.counters.duplicates }
        let rows = partitions.map(\.rowsPushed)
        return { answer in
            for (index, partition) in partitions.enumerated() {
                let duplicates = partition.applied.counters.duplicates
                guard partition.rowsPushed + duplicates != before[index] else { continue }
                tell(
                    .wrote(
                        Sighting.Write(
                            shard: name, life: shard.lease?.incarnation ?? MemberIncarnation(0),
                            partition: partition.id, incarnation: partition.incarnation,
                            identity: identity, isApplied: partition.rowsPushed != rows[index],
                            isAcknowledged: answer != nil)))
            }
        }
    }
}
