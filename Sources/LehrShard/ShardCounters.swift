/// What a core of a shard has done, for metrics.
package struct ShardCounters: Hashable, Sendable {
    package var pulls: UInt64 = 0
    package var keysPulled: UInt64 = 0
    package var pushes: UInt64 = 0
    package var keysPushed: UInt64 = 0
    /// Partitions that had a pushed batch already.
    package var repeats: UInt64 = 0
    package var refusals: UInt64 = 0

    package init() {}
}
