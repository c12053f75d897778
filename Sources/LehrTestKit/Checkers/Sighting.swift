package import LehrCluster
package import LehrCoordinator
package import LehrCore

/// Something that a process of the cluster did, as seen where it did it: what checkers judge.
package enum Sighting {
    /// A coordinator has come up with this state.
    case restored(CoordinatorInstance)
    /// A coordinator cannot come up with what a disk in order holds.
    case unrestorable(String)
    /// A decision of the coordinator. `isHeard`: it is alive to tell others of it.
    case decided(CoordinatorInstance, isHeard: Bool)
    /// A member was taken in.
    case joined(MemberIncarnation, process: UInt64)
    /// An operator wants the lease of this life to end.
    case revoking(MemberIncarnation)
    /// A worker was given a task.
    case leased(TaskLease, to: MemberIncarnation)
    /// A worker's report was answered.
    case reported(Report)
    /// A shard has answered a push or the commit of a step, for one partition.
    case wrote(Write)
    /// Serving has answered a request.
    case served(Answer)

    package struct Report {
        package let report: TaskReport
        package let worker: MemberIncarnation
        /// Whether the worker had a lease when it was answered.
        package let hasLease: Bool
        /// Whether the worker was told to go on, and whether its job goes on.
        package let proceeds: Bool
        package let isRunning: Bool
        /// The part before and after.
        package let before: PartRecord?
        package let after: PartRecord?
    }

    package struct Answer {
        package let serving: String
        /// The life that it believes to lead; nil: it has no lease.
        package let life: MemberIncarnation?
        package let status: Int
        /// Whether it is what the model answers.
        package let isExpected: Bool
    }

    package struct Write {
        package let shard: String
        /// The life that the shard believes to lead.
        package let life: MemberIncarnation
        package let partition: PartitionID
        package let incarnation: PartitionIncarnation
        package let identity: PushIdentity
        /// Whether rows changed, and whether the caller was told that all is well.
        package let isApplied: Bool
        package let isAcknowledged: Bool
    }
}
