import LehrTable

/// A partition that is being copied by its next owner, as its present one sees it.
final class Departure {
    let partition: OwnedPartition
    let move: UInt64
    var copy = PartitionCopy()
    /// Whether its last piece has been handed out.
    var isOver = false

    init(of partition: OwnedPartition, move: UInt64) {
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
