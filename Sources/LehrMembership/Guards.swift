/// The checks that keep the protocol's promises, each by a name, so that a test can leave one out and
/// see that the simulator misses it. Whatever is not such a test has all of them.
package struct Guards: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A holder counts its lease from when it sent the renewal, not from the answer.
    package static let leaseCountsFromSending = Guards(rawValue: 1 << 0)
    /// A holder gives its lease up early enough for clocks that drift.
    package static let leaseAllowsForDrift = Guards(rawValue: 1 << 1)
    /// An owner writes only while it has its lease.
    package static let ownerChecksItsLease = Guards(rawValue: 1 << 2)
    /// An owner fences what it owned before: a new life, or a map without it, ends it.
    package static let ownerFencesOldLives = Guards(rawValue: 1 << 3)
    /// A batch that was applied is not applied again.
    package static let repeatsAreDropped = Guards(rawValue: 1 << 4)
    /// A restarted coordinator goes on with the map's version.
    package static let restartKeepsVersion = Guards(rawValue: 1 << 5)
    /// A restarted coordinator gives each lease a full TTL.
    package static let restartRenewsLeases = Guards(rawValue: 1 << 6)
    /// Progress counts only from the attempt that holds the task, with a lease.
    package static let reportsComeFromHolders = Guards(rawValue: 1 << 7)
    /// Nothing is answered that could not be made durable.
    package static let savedBeforeSaid = Guards(rawValue: 1 << 8)
    /// A restarted coordinator with a shorter TTL ends no lease sooner than the longer one would.
    package static let restartKeepsLongerTTL = Guards(rawValue: 1 << 9)
    /// A lease is given back when nothing is written under it any more.
    package static let closedBeforeLeft = Guards(rawValue: 1 << 10)
    /// What was written is acknowledged only under a lease that lasts until then.
    package static let answersWithLease = Guards(rawValue: 1 << 11)
    /// A watch of the map that is open and tells nothing new is replaced.
    package static let deadWatchesAreReplaced = Guards(rawValue: 1 << 12)
    /// A restarted coordinator leaves tasks with the workers that hold them.
    package static let restartKeepsHolders = Guards(rawValue: 1 << 13)
    /// A coordinator that hung renews every lease before it ends any.
    package static let forgivesOwnAbsence = Guards(rawValue: 1 << 14)
    /// A renewal that is not answered in time is sent again on another stream.
    package static let unansweredRenewalsAreGivenUp = Guards(rawValue: 1 << 15)

    /// A partition that moves takes no writes from before its last rows are sent.
    package static let sealedBeforeLastRows = Guards(rawValue: 1 << 16)
    /// What has changed since a move began is sent again.
    package static let changesAreSentAgain = Guards(rawValue: 1 << 17)
    /// The memory of applied batches moves with the rows.
    package static let appliedBatchesMove = Guards(rawValue: 1 << 18)
    /// The source keeps its rows until the destination has said that it is the owner.
    package static let keptUntilTaken = Guards(rawValue: 1 << 19)
    /// A destination opens when its move has ended, not when it hears that it is the owner.
    package static let openedAfterMove = Guards(rawValue: 1 << 20)

    package static let all = Guards(rawValue: .max)
}
