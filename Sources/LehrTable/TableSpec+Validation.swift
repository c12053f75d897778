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
        }
    }

    private func checkOptimizer() throws(TableSpecError) {
        let rate = optimizer.learningRate
        try check("optimizer.learningRate", (0...1e3).contains(rate), "0 to 1e3", "\(rate)")
        // Decay is a contraction only while rate * l2 stays below 1.
        try check(
            "optimizer.l2", (0...1).contains(optimizer.l2) && rate * optimizer.l2 < 1,
            "0 to 1, and below 1 / learningRate", "\(optimizer.l2)")
        switch optimizer.rule {
        case .sgd: break
        case .adagrad(let accumulator):
            try check(
                "optimizer.adagrad.initialAccumulator", (1e-20...1e20).contains(accumulator),
                "1e-20 to 1e20", "\(accumulator)")
        case .adam(let beta1, let beta2, let epsilon):
            let decay: Range<Float> = 0..<1
            try check("optimizer.adam.beta1", decay.contains(beta1), "0 to below 1", "\(beta1)")
            try check("optimizer.adam.beta2", decay.contains(beta2), "0 to below 1", "\(beta2)")
            try check(
                "optimizer.adam.epsilon", (1e-15...1).contains(epsilon), "1e-15 to 1", "\(epsilon)")
        }
    }

    private func check(
        _ field: String, _ isAllowed: Bool, _ allowed: String, _ found: String
    ) throws(TableSpecError) {
        guard !isAllowed else { return }
        throw TableSpecError(table: name, field: field, allowed: allowed, found: found)
    }
}
