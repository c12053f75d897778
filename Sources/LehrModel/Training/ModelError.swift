/// Why a batch or a job does not fit a model.
package enum ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    case missingColumn(name: String, found: [String])
    /// A column that holds one key an example holds another number of them.
    case notSingle(column: String, example: Int, found: Int)
    case missingLabels
    /// A loss that draws negatives has nothing to draw from.
    case noItems

    package var description: String {
        switch self {
        case .missingColumn(let name, let found):
            "the model reads a column '\(name)', the data set has "
                + (found.isEmpty ? "none" : found.map { "'\($0)'" }.joined(separator: ", "))
                + "; use a data set of the model's format"
        case .notSingle(let column, let example, let found):
            "column '\(column)' holds one key an example, example \(example) of the batch has \(found)"
        case .missingLabels:
            "the model learns from labels, the data set has none; use a libsvm data set"
        case .noItems: "the loss draws negatives from the data set's items, and there are none"
        }
    }
}
