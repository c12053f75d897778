import LehrMembership
import LehrTable

/// A partition that is being copied by its next owner, as its present one sees it.
final class Departure {
    let partition: OwnedPartition
    let move: PartitionMove
    var copy = PartitionCopy()
    /// Whether its last piece has been handed out.
    var isOver = false

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
