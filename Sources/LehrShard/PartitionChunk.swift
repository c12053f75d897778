import LehrTable

/// A piece of a partition on its way from its owner to the next.
struct PartitionChunk {
    var moved: MovedRows
    /// Seconds on the source's clock: what rows' last-seen stamps count.
    var stamp: UInt32
    /// In the last piece, once the partition is sealed.
    var memory: PartitionRecord?
}

/// What a partition remembers beside its rows: the statistics, and the memory behind exactly-once.
struct PartitionRecord: Equatable {
    var generation: UInt32
    var applied: AppliedSet
    var rowsPushed: UInt64
    var pushCount: UInt64
    var counters: TableCounters
    /// Sequential mode: the newest attempt of each part that the job's ledger on the source's core knows.
    var attempts: [Attempt]

    struct Attempt: Equatable {
        let part: UInt32
        let attempt: UInt64
    }
}
