/// A column that does not fit the others.
package struct RowColumnsError: Error, Equatable, CustomStringConvertible {
    package let column: String
    package let expected: Int
    package let found: Int
    /// What makes it so many.
    let reason: String

    package var description: String {
        "column \(column) has \(found) elements, but \(reason) make \(expected)"
    }
}

extension RowColumns {
    /// Checks the lengths of all columns against each other.
    package func validate() throws(RowColumnsError) {
        let rows = rowCount
        func require(
            _ column: String, _ found: Int, _ expected: Int, _ reason: String
        ) throws(RowColumnsError) {
            guard found == expected else {
                throw RowColumnsError(
                    column: column, expected: expected, found: found, reason: reason)
            }
        }
        let reason = "\(rows) widths"
        try require("keys", keys.count, rows * keyWords, "\(reason) and keys of \(keyWords) words")
        try require("shows", shows.count, rows, reason)
        try require("clicks", clicks.count, rows, reason)
        try require("last_seen", lastSeen.count, rows, reason)
        try require("steps", steps.count, rows, reason)
        try require(
            "scales", scales.count, format.numbers.hasScale ? rows : 0,
            "\(reason) and numbers of \(format.numbers.rawValue)")
        try require("state_counts", stateCounts.count, rows, reason)
        try require(
            "weights", weights.count, Self.sum(widths) * format.numbers.valueBytes,
            "widths and \(format.numbers.valueBytes) bytes of \(format.numbers.rawValue)")
        try require("states", states.count, Self.sum(stateCounts), "state_counts")
    }

    private static func sum(_ counts: [UInt16]) -> Int {
        var total = 0
        for count in counts { total += Int(count) }
        return total
    }
}
