import LehrCluster
import LehrMembership

/// Names the pushes of one part of `PathCluster`'s job, each of them new to its shards.
struct PushSequence {
    private var next: UInt64 = 0
    private var unsettled: Set<UInt64> = []

    mutating func begin() -> PushIdentity {
        let batch = next
        next += 1
        unsettled.insert(batch)
        return PushIdentity(
            job: PathCluster.job, generation: 1, part: 0, batch: batch,
            floor: unsettled.min() ?? batch, attempt: 1, partFloor: 0)
    }

    mutating func settle(_ identity: PushIdentity) { unsettled.remove(identity.batch) }
}
