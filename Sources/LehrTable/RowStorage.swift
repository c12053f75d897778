/// How a shard keeps the rows of a table.
package struct RowStorage: Hashable, Sendable, Codable {
    package var keyWidth: KeyWidth
    /// What weights are kept as; optimizer state is always f32. Rows of int8 are for serving copies:
    /// they are restored and pulled, not pushed.
    package var numbers: NumberFormat
    package var narrow: NarrowRows?
    package var atLimit: LimitPolicy
    /// Most rows of the whole table, about (`PartitionLimits.init(of:partitions:)`); nil: as many as
    /// its shards have memory for.
    package var rowLimit: UInt64?

    package init(
        keyWidth: KeyWidth = .bits64, numbers: NumberFormat = .float32, narrow: NarrowRows? = nil,
        atLimit: LimitPolicy = .refuse, rowLimit: UInt64? = nil
    ) {
        self.keyWidth = keyWidth
        self.numbers = numbers
        self.narrow = narrow
        self.atLimit = atLimit
        self.rowLimit = rowLimit
    }
}

extension RowStorage {
    /// What `rowLimit` may be: enough that a push finds room, and no more than can be counted.
    package static let rowLimits: ClosedRange<UInt64> = 1024...1 << 40
}

/// 64-bit words of a table's keys.
package enum KeyWidth: Int, Hashable, Sendable, Codable, CaseIterable {
    case bits64 = 1
    /// For features whose 64-bit hashes would meet; two words a key, the low one first. Job files
    /// cannot ask for them, because workers make 64-bit keys of what they read: they are for other
    /// clients of a shard.
    case bits128 = 2

    package var words: Int { rawValue }
}

/// Rows that hold only the first values of their weight until their key has been seen often enough.
///
/// Workers push a show with each batch that has the key.
///
/// What a narrow row lacks reads as zero, and gradients for it are passed over. The push with which a
/// row's shows reach `untilShows` finds it widened: its new values start as `Initializer` says, and
/// the gradient counts. A row never becomes narrow again.
package struct NarrowRows: Hashable, Sendable, Codable {
    /// Values of a narrow row's weight; below the table's dimension.
    package var width: Int
    /// Shows at which a row gets its full width.
    package var untilShows: Float

    package init(width: Int, untilShows: Float) {
        self.width = width
        self.untilShows = untilShows
    }
}

/// What becomes of a new key for which there is no room.
package enum LimitPolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// It is refused, and counted.
    case refuse
    /// The least important rows are retired to make room.
    case retire
}
