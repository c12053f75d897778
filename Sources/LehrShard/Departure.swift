import LehrMembership
import LehrTable

/// A partition that is being copied by its next owner, as its present one sees it.
final class Departure {
    let partition: OwnedPartition
    let move: PartitionMove
    var copy = PartitionCopy()
    /// Of the core, when it sent the piece before.
    private var countersBefore = ShardCounters()
    /// Whether its last piece has been handed out.
    var isOver = false

    init(of partition: OwnedPartition, _ move: PartitionMove) {
        self.partition = partition
        self.move = move
    }

    /// So many times as long as a piece took is left to pulls and pushes, and to the pieces of other copies: all
    /// that leave a core take a twentieth of it.
    private static let restAfterPiece = 19
    /// Of a piece: what it takes longer, this thread was not running.
    private static let pieceMax = Duration.milliseconds(2)

    /// How long to leave the core to others after a piece that took `duration`; nil: nobody wants it, callers
    /// wait for the end of this, or more changes meanwhile than it would send.
    ///
    /// - Parameters:
    ///   - copies: that leave the core, this one among them.
    ///   - counters: of the core, as they are now.
    func rest(after duration: Duration, copies: Int, _ counters: ShardCounters) -> Duration? {
        let isAsked = counters != countersBefore
        countersBefore = counters
        guard isAsked, !partition.isSealed, copy.isConverging else { return nil }
        return min(duration, Self.pieceMax) * (Self.restAfterPiece * copies)
    }
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
