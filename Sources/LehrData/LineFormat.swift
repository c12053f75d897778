/// What the lines of a data file hold, and so what columns a block of them has.
package enum LineFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// `user \t item`; columns after the second are ignored. Columns `user` and `item`, no labels.
    case pairs
    /// `user \t positive \t negative \t negative ...`, at least the positive. Columns `user` (one
    /// key an example) and `item` (the positive first, then the negatives), no labels.
    case candidates
    /// `label index:value ...`, label -1, 0 or 1 (-1 becomes 0). Column `features` and a label an
    /// example.
    case libsvm

    package var columnNames: [String] {
        switch self {
        case .pairs, .candidates: ["user", "item"]
        case .libsvm: ["features"]
        }
    }
}
