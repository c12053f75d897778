/// What has come to a core of a shard from others, and gone from it, for metrics.
package struct MoveCounters: Hashable, Sendable {
    /// With those that were sent again.
    package var rowsSent: UInt64 = 0
    package var rowsTaken: UInt64 = 0
    /// Partitions that have come.
    package var arrivals: UInt64 = 0
    /// Partitions that could not come.
    package var failures: UInt64 = 0

    package init() {}
}
