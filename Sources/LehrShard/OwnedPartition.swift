package import LehrCore
import LehrMembership
package import LehrTable

/// A partition as its owner keeps it: rows, the fence, and what has been applied.
package final class OwnedPartition {
    package let id: PartitionID
    package let job: JobID
    /// Grows only when it comes back to an owner that had it sealed.
    package private(set) var incarnation: PartitionIncarnation
    package let rows: TablePartition
    package internal(set) var generation: UInt32 = 1
    package internal(set) var applied = AppliedSet()
    /// Keys of all pushes applied.
    package internal(set) var rowsPushed: UInt64 = 0
    /// `TableCounters.vacated` when compaction was last asked for.
    var vacatedSeen: UInt64 = 0
    /// Its next owner is copying it.
    var departure: Departure?
    /// The move for which it is sealed: it answers nobody until the map, or the coordinator's answer, says
    /// what has become of that.
    var sealedFor: UInt64?
    /// The move that brought it here.
    var cameBy: UInt64?

    init(
        id: PartitionID, job: JobID, incarnation: PartitionIncarnation, rows: TablePartition
    ) {
        self.id = id
        self.job = job
        self.incarnation = incarnation
        self.rows = rows
    }

    var isSealed: Bool { sealedFor != nil }

    /// Whatever move there was comes to nothing, unless it is this one.
    func goOn(with move: UInt64?) {
        if sealedFor != move { sealedFor = nil }
        if let departure, departure.move.number != move { end(departure) }
    }

    /// Its owner has it back.
    func reopen(as incarnation: PartitionIncarnation) {
        self.incarnation = incarnation
        goOn(with: nil)
    }

    func begin(_ departure: Departure) {
        self.departure = departure
        rows.beginCopy()
    }

    func end(_ departure: Departure) {
        guard self.departure === departure else { return }
        self.departure = nil
        rows.endCopy()
    }

    /// Enters a newer generation, whose batches are counted anew.
    func enter(generation: UInt32) {
        guard generation > self.generation else { return }
        self.generation = generation
        applied = AppliedSet()
    }
}

/// Keeps the rows of a partition where they are, for as long as it is held on to: a scan must not miss a
/// row because it moved.
final class ScanHold {
    let partition: OwnedPartition

    init(_ partition: OwnedPartition) {
        self.partition = partition
        partition.rows.scanCount += 1
    }

    deinit { partition.rows.scanCount -= 1 }
}
