package import LehrCore
import LehrMembership

/// The part of a request that concerns one table: keys in runs, one run for each partition.
///
/// The elements belong to the request and live as long as it does.
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
    package let keys: PackedElements<UInt64>
    /// Rows of gradients in key order; empty for a pull.
    package let gradients: PackedElements<Float>
    /// One for each key, or empty.
    package let shows: PackedElements<Float>
    package let clicks: PackedElements<Float>

    package init(
        table: TableID, runs: [Run], keys: PackedElements<UInt64>,
        gradients: PackedElements<Float> = .init(),
        shows: PackedElements<Float> = .init(),
        clicks: PackedElements<Float> = .init()
    ) {
        self.table = table
        self.runs = runs
        self.keys = keys
        self.gradients = gradients
        self.shows = shows
        self.clicks = clicks
    }
}
