import LehrMembership
import LehrTable

/// A partition that is being copied by its next owner, as its present one sees it.
final class Departure {
    let partition: OwnedPartition
    let move: PartitionMove
    var copy = PartitionCopy()
    /// Of the core, when it sent the piece before.
    var countersBefore = ShardCounters()
    /// Whether its last piece has been handed out.
    var isOver = false

    /// Whether it has to take what it can of the core: callers wait for it, or more changes meanwhile than it
    /// would send.
    var isUrgent: Bool { partition.isSealed || !copy.isConverging }

    init(of partition: OwnedPartition, _ move: PartitionMove) {
        self.partition = partition
        self.move = move
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
