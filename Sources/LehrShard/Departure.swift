import LehrCore
import LehrMembership
import LehrTable

/// How far the copy of a partition by its next owner has come, as its present one sees it.
///
/// The partition has it, and not the other way around: a partition that has left must go away, and its
/// memory with it.
final class Departure {
    let move: PartitionMove
    var copy = PartitionCopy()
    /// Of the core, when it sent the piece before.
    private var countersBefore = ShardCounters()
    /// When the core was last seen to have had a call.
    private var asked: Instant?
    /// Whether its last piece has been handed out.
    var isOver = false

    init(_ move: PartitionMove) { self.move = move }

    /// So many times as long as a piece took is left to pulls and pushes, and to the pieces of other copies: all
    /// that leave a core take a twentieth of it.
    private static let restAfterPiece = 19
    /// Of a piece: what it takes longer, this thread was not running.
    private static let pieceMax = Duration.milliseconds(2)
    /// Without a call for so long, nobody asks: between two pieces there may be none on a core that has much
    /// to do, too.
    private static let quiet = Duration.milliseconds(200)
    /// With so few rows left to send, the copy is as good as done, and is not slowed down any more: changes
    /// of one more rest would be as many.
    private static let fewRows = 4096

    /// How long to leave the core to others after a piece that took `duration`; nil: nobody wants it, callers
    /// wait for the end of this, as much changes as it sends, or it is nearly done.
    ///
    /// - Parameters:
    ///   - partition: whose departure this is.
    ///   - copies: that leave the core, this one among them.
    ///   - counters: of the core, as they are `now`.
    func rest(
        of partition: OwnedPartition, after duration: Duration, copies: Int,
        _ counters: ShardCounters, now: Instant
    ) -> Duration? {
        if counters != countersBefore { (countersBefore, asked) = (counters, now) }
        guard let asked, now - asked < Self.quiet, !partition.isSealed,
            isShrinking(partition.rows), !isNearlyDone(partition.rows)
        else { return nil }
        return min(duration, Self.pieceMax) * (Self.restAfterPiece * copies)
    }

    /// Whether each round is to be two thirds of the one before, or less: else it has to go faster, because a
    /// slow copy of rows that all change again would never end.
    private func isShrinking(_ rows: TablePartition) -> Bool {
        3 * rows.changedCount <= 2 * copy.rowsSentInRound
    }

    /// Whether all that is left to send are few rows.
    private func isNearlyDone(_ rows: TablePartition) -> Bool {
        rows.left(of: copy).map { $0 < Self.fewRows } ?? false
    }
}

/// A partition that leaves, with its departure: another one may have begun since.
struct DepartingPartition {
    let partition: OwnedPartition
    let departure: Departure

    var isDeparting: Bool { partition.departure === departure }

    func begin() { partition.begin(departure) }

    func end() { partition.end(departure) }
}

/// What a departure has to say next.
enum DepartureStep {
    case chunk(PartitionChunk)
    /// A step in sequential mode has to be decided first.
    case wait
    /// That was all.
    case over
    case refused(ShardRefusal)
}
