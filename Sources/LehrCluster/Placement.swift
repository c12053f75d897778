package import LehrCore
import LehrMembership

extension Sequence<PlacedTable> {
    /// Names who owns what of some tables: the largest of their partitions' incarnations, which come
    /// from one counter, so that it grows with every change of an owner; 0 without partitions.
    package var placement: PartitionIncarnation {
        var largest = PartitionIncarnation(0)
        for table in self {
            for partition in table.partitions {
                largest = Swift.max(largest, partition.incarnation)
            }
        }
        return largest
    }

    /// The earliest placement whose acknowledgements the owners of now stand for: they are all owners of
    /// then, or have what these had handed on.
    package var line: PartitionIncarnation {
        var largest = PartitionIncarnation(0)
        for table in self {
            for partition in table.partitions { largest = Swift.max(largest, partition.line) }
        }
        return largest
    }
}
