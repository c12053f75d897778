/// The parsed examples of one data file, column by column, immutable and shared by its users.
package final class Block: Sendable {
    package let file: String
    /// Examples.
    package let count: Int
    package let columns: [BlockColumn]
    /// One per example; empty where the format has none.
    package let labels: [Float]
    /// Memory held by the columns and labels.
    package let byteCount: Int
    /// Lines left out, within the policy, because they could not be parsed.
    package let malformedCount: Int

    package init(
        file: String, count: Int, columns: [BlockColumn], labels: [Float], malformedCount: Int = 0
    ) {
        precondition(labels.isEmpty || labels.count == count, "a label an example, or none")
        for column in columns {
            precondition(
                column.offsets.isEmpty
                    ? column.keys.count == count : column.offsets.count == count + 1,
                "a column covers every example")
        }
        self.file = file
        self.count = count
        self.columns = columns
        self.labels = labels
        self.malformedCount = malformedCount
        byteCount = columns.reduce(labels.capacity * 4) { $0 + $1.byteCount }
    }
}

/// One sparse feature of every example of a block, in compressed-row form.
package struct BlockColumn: Sendable, Equatable {
    package let name: String
    /// `count + 1` positions in `keys`; empty where every example has exactly one key.
    package let offsets: [Int32]
    package let keys: [UInt64]
    /// A weight for each key; empty where all are 1.
    package let values: [Float]

    package init(name: String, offsets: [Int32], keys: [UInt64], values: [Float]) {
        precondition(values.isEmpty || values.count == keys.count, "a value a key, or none")
        self.name = name
        self.offsets = offsets
        self.keys = keys
        self.values = values
    }

    /// The keys of one example.
    package func keys(of example: Int) -> ArraySlice<UInt64> { keys[range(of: example)] }

    /// Where the entries of one example are.
    package func range(of example: Int) -> Range<Int> {
        guard !offsets.isEmpty else { return example..<example + 1 }
        return Int(offsets[example])..<Int(offsets[example + 1])
    }

    var byteCount: Int { offsets.capacity * 4 + keys.capacity * 8 + values.capacity * 4 }
}
