import LehrCore

/// Why a table cannot be created as described.
package struct TableSpecError: Error, Hashable, Sendable, CustomStringConvertible {
    package let table: String
    /// The field at fault, as in `optimizer.learningRate`.
    package let field: String
    /// What the field may be.
    package let allowed: String
    package let found: String

    package var description: String {
        "table '\(table)': \(field) is \(found), but must be \(allowed)"
    }
}

extension TableSpec {
    /// Longest row; keeps every row, with Adam's state, within the smallest chunk (64 KiB).
    package static let maximumDimension = 4096
    /// Largest row count of a dense variable: its bucket arithmetic shifts a key left by 16 bits.
    package static let maximumDenseRows: UInt64 = 1 << 40

    /// Refuses what could not be trained: besides nonsense, whatever could store a value that is
    /// not a number (see `OptimizerKernel.gradientLimit` for the other half of that argument).
    package func validate() throws(TableSpecError) {
        try check("name", !name.isEmpty && name.utf8.count <= 256, "1 to 256 bytes long", name)
        try check(
            "dimension", (1...Self.maximumDimension).contains(dimension),
            "1 to \(Self.maximumDimension)", "\(dimension)")
        if case .rows(let count) = keys {
            try check(
                "keys.rows", (1...Self.maximumDenseRows).contains(count),
                "1 to \(Self.maximumDenseRows)", "\(count)")
        }
        try checkInitializer()
        try checkOptimizer()
        try checkStorage()
        try checkWire()
    }

    /// As `validate`, and refuses what can only be restored and read.
    package func validateForTraining() throws(TableSpecError) {
        try validate()
        try check(
            "storage.numbers", isTrained, "f32, f16 or bf16 (int8 rows are not trained)",
            storage.numbers.rawValue)
    }

    /// Whether its rows can be pushed to: small steps would be lost in the rounding of int8.
    package var isTrained: Bool { storage.numbers != .int8 }

    private func checkStorage() throws(TableSpecError) {
        try check(
            "storage.keyWidth", storage.keyWidth == .bits64 || keys == .hashed,
            "64 bits where keys are row numbers", "128 bits")
        if let limit = storage.rowLimit {
            let range = RowStorage.rowLimits
            try check(
                "storage.rowLimit", range.contains(limit),
                "\(range.lowerBound) to \(range.upperBound)", "\(limit)")
        }
        guard let narrow = storage.narrow else { return }
        try check(
            "storage.narrow", dimension > 1, "absent where a row has one number", "present")
        try check(
            "storage.narrow.width", (1..<dimension).contains(narrow.width),
            "1 to \(dimension - 1), less than the dimension", "\(narrow.width)")
        try check(
            "storage.narrow.untilShows", narrow.untilShows > 0 && narrow.untilShows.isFinite,
            "a number above 0", "\(narrow.untilShows)")
    }

    private func checkWire() throws(TableSpecError) {
        try check(
            "wire.keys", wire.keys == .raw || storage.keyWidth == .bits64,
            "raw where keys have 128 bits", wire.keys.rawValue)
        for (field, format) in [("rows", wire.rows), ("gradients", wire.gradients)] {
            try check(
                "wire.\(field)", format != .int8 || dimension > 1,
                "f32, f16 or bf16 where a row has one number (its scale alone takes four bytes)",
                format.rawValue)
        }
    }

    private func checkInitializer() throws(TableSpecError) {
        let range: Float = 1e6
        switch initializer {
        case .constant(let value):
            try check(
                "initializer.constant", abs(value) <= range, "-1e6 to 1e6", "\(value)")
        case .uniform(let low, let high):
            try check(
                "initializer.uniform", abs(low) <= range && abs(high) <= range && low < high,
                "low < high, both -1e6 to 1e6", "[\(low), \(high))")
        case .normal(let deviation):
            try check(
                "initializer.normal.deviation", (0...range).contains(deviation), "0 to 1e6",
                "\(deviation)")
        case .truncatedNormal(let deviation):
            try check(
                "initializer.truncatedNormal.deviation", (0...range).contains(deviation),
                "0 to 1e6", "\(deviation)")
        }
    }

    func check(
        _ field: String, _ isAllowed: Bool, _ allowed: String, _ found: String
    ) throws(TableSpecError) {
        guard !isAllowed else { return }
        throw TableSpecError(table: name, field: field, allowed: allowed, found: found)
    }
}
