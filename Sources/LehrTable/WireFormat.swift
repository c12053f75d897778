/// How the keys of a request are written in a message.
package enum KeyFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// Eight bytes each.
    case raw
    /// As differences: see `DeltaKeys`.
    case delta
}

/// How the rows, gradients and keys of a table travel between its owners and who trains with it.
///
/// It changes what is sent and not what is stored: owners keep and export rows as they are, and
/// apply gradients in f32.
package struct WireFormat: Hashable, Sendable, Codable {
    /// Of the answer to a pull.
    package var rows: NumberFormat
    /// Of a push.
    package var gradients: NumberFormat
    /// Of both.
    package var keys: KeyFormat

    package init(
        rows: NumberFormat = .float32, gradients: NumberFormat = .float32, keys: KeyFormat = .raw
    ) {
        self.rows = rows
        self.gradients = gradients
        self.keys = keys
    }
}
