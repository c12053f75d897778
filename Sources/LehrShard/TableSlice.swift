package import LehrCore
import LehrMembership

/// The part of a request that concerns one table: keys in runs, one run for each partition.
///
/// The buffers belong to the request and live as long as it does.
package struct TableSlice {
    package struct Run {
        package let partition: UInt32
        package let incarnation: PartitionIncarnation
        package let keyCount: Int

        package init(partition: UInt32, incarnation: PartitionIncarnation, keyCount: Int) {
            self.partition = partition
            self.incarnation = incarnation
            self.keyCount = keyCount
        }
    }

    package let table: TableID
    package let runs: [Run]
    package let keys: UnsafeBufferPointer<UInt64>
    /// Rows of gradients in key order; empty for a pull.
    package let gradients: UnsafeBufferPointer<Float>
    /// One for each key, or empty.
    package let shows: UnsafeBufferPointer<Float>
    package let clicks: UnsafeBufferPointer<Float>

    package init(
        table: TableID, runs: [Run], keys: UnsafeBufferPointer<UInt64>,
        gradients: UnsafeBufferPointer<Float> = .init(start: nil, count: 0),
        shows: UnsafeBufferPointer<Float> = .init(start: nil, count: 0),
        clicks: UnsafeBufferPointer<Float> = .init(start: nil, count: 0)
    ) {
        self.table = table
        self.runs = runs
        self.keys = keys
        self.gradients = gradients
        self.shows = shows
        self.clicks = clicks
    }
}
