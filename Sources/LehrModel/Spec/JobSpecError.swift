/// All that is wrong with a job file, found in one reading.
package struct JobSpecError: Error, Hashable, Sendable, CustomStringConvertible {
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        /// Key path, such as `training.epochs`; empty for the file as a whole.
        package let path: String
        /// From 1; nil where no line is to blame.
        package let line: Int?
        package let message: String

        package var description: String {
            (path.isEmpty ? "" : "\(path): ") + message + (line.map { " (line \($0))" } ?? "")
        }
    }

    package let problems: [Problem]

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Collects problems while a file is read; keeps the first 50.
final class ProblemCollector {
    static let limit = 50

    private(set) var problems: [JobSpecError.Problem] = []

    func report(_ path: String, line: Int?, _ message: String) {
        guard problems.count < Self.limit else { return }
        problems.append(JobSpecError.Problem(path: path, line: line, message: message))
    }
}
