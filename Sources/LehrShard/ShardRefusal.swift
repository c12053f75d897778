package import LehrCluster
package import LehrCore
import LehrMembership
import LehrRPC
package import LehrTable
import LehrWire

/// Why a shard says no; nothing has been applied, but by what is `answeredTooLate`.
package enum ShardRefusal: Error, Equatable, CustomStringConvertible {
    case wrongCluster(mine: ClusterID, theirs: ClusterID)
    /// This process has not learnt yet which cluster it is of.
    case notJoined
    /// No partition of the job is here, as far as the map goes that this core has.
    case unknownJob(JobID)
    /// The partition is not here, or is here under another incarnation.
    case stale(PartitionID, current: PartitionIncarnation?)
    /// The partition is sealed, and will be its next owner's.
    case sealed(PartitionID)
    /// There is no such move of the partition on the map that is known here.
    case notMoving(PartitionID)
    case malformed(String)
    case keyOutside(PartitionID, key: String)
    /// This shard's lease may have ended: writing could cross a new owner's.
    case leaseEnded
    /// The lease has ended between the check and the answer, as when the process was stopped there.
    case answeredTooLate
    /// This shard is stopping, and its lease about to be given back.
    case closing
    /// Rows of int8 are restored and read.
    case notTrained(TableID)
    case olderGeneration(current: UInt32)
    case exhausted(String)
    case step(StepRefusal)
    case stepConflict(String)
    /// A commit of what is not here for all the partitions that it names.
    case notStaged(PushIdentity)

    package var description: String {
        switch self {
        case .wrongCluster(let mine, let theirs):
            "this shard belongs to cluster \(mine), the request to \(theirs)"
        case .notJoined: "this shard has not joined its cluster yet"
        case .unknownJob(let job):
            "job \(job.value) has no partition here; refresh the cluster map"
        case .stale(let partition, let current):
            """
            partition \(partition.index) of table \(partition.table.value): \
            \(current.map { "incarnation \($0.value) is current" } ?? "not owned here"); \
            refresh the cluster map
            """
        case .sealed(let partition):
            """
            partition \(partition.index) of table \(partition.table.value) is being handed over; \
            refresh the cluster map
            """
        case .notMoving(let partition):
            """
            partition \(partition.index) of table \(partition.table.value) is not on its way to the \
            caller, as far as is known here
            """
        case .malformed(let reason): reason
        case .keyOutside(let partition, let key):
            """
            key \(key) does not belong to partition \(partition.index) of table \
            \(partition.table.value)
            """
        case .leaseEnded: "this shard cannot renew its lease and takes no writes until it can"
        case .answeredTooLate:
            "this shard's lease has ended meanwhile; a repeat of what was applied does no harm"
        case .closing: "this shard is stopping and takes no more writes"
        case .notTrained(let table):
            """
            table \(table.value) keeps its rows as int8, which are read and not trained; push to a \
            table of f32, f16 or bf16
            """
        case .olderGeneration(let current): "the job has reached generation \(current)"
        case .exhausted(let reason): reason
        case .step(let refusal): "\(refusal)"
        case .stepConflict(let reason): reason
        case .notStaged(let step):
            """
            batch \(step.batch) of part \(step.part) is neither staged nor committed in every \
            partition of the request; inquire under a new attempt
            """
        }
    }

    /// What the caller should do: see `StatusCode`.
    var code: StatusCode {
        switch self {
        case .wrongCluster, .olderGeneration, .notTrained: .failedPrecondition
        case .stale, .unknownJob, .sealed, .notMoving: .aborted
        case .malformed, .keyOutside: .invalidArgument
        case .leaseEnded, .answeredTooLate, .closing, .notJoined: .unavailable
        case .exhausted: .resourceExhausted
        case .step(let refusal):
            switch refusal {
            case .outdated: .failedPrecondition
            case .tooManyParts: .resourceExhausted
            case .batchOutOfRange: .invalidArgument
            }
        case .stepConflict, .notStaged: .failedPrecondition
        }
    }
}
