package import LehrCore
import LehrMembership
package import LehrTable

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
    /// `keyWidth.words` for each key.
    package let keys: PackedElements<UInt64>
    package let keyWidth: KeyWidth
    /// Rows of gradients in key order; empty for a pull.
    package let gradients: PackedElements<Float>
    /// One for each key, or empty.
    package let shows: PackedElements<Float>
    package let clicks: PackedElements<Float>
    /// How a pull wants its rows.
    package let rowFormat: NumberFormat

    package init(
        table: TableID, runs: [Run], keys: PackedElements<UInt64>, keyWidth: KeyWidth = .bits64,
        gradients: PackedElements<Float> = .init(),
        shows: PackedElements<Float> = .init(),
        clicks: PackedElements<Float> = .init(),
        rowFormat: NumberFormat = .float32
    ) {
        self.table = table
        self.runs = runs
        self.keys = keys
        self.keyWidth = keyWidth
        self.gradients = gradients
        self.shows = shows
        self.clicks = clicks
        self.rowFormat = rowFormat
    }

    package var keyCount: Int { keys.count / keyWidth.words }

    /// The words of the keys at some positions.
    package func keys(at positions: Range<Int>) -> PackedElements<UInt64> {
        let words = keyWidth.words
        return keys.part(positions.lowerBound * words..<positions.upperBound * words)
    }

    /// The key at a position, for a message: decimal, or of 128 bits hexadecimal.
    func nameOfKey(at position: Int) -> String {
        switch keyWidth {
        case .bits64: "\(keys[position])"
        case .bits128:
            "0x"
                + Hex.encode(
                    [keys[2 * position + 1], keys[2 * position]].flatMap { word in
                        (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
                    })
        }
    }
}
