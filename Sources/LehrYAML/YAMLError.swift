/// Why a text is not a YAML document that can be read.
package struct YAMLError: Error, CustomStringConvertible {
    /// Counted from 1; nil where the text as a whole is meant.
    package let line: Int?
    package let problem: String

    package var description: String { line.map { "line \($0): \(problem)" } ?? problem }
}
