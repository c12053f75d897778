import LehrYAML

/// Turns the text of a job file, or of another of these files, into YAML nodes, within bounds.
package enum JobDocument {
    /// Longest text of a job file, in bytes.
    package static let sizeLimit = 1 << 20

    /// The root node, or nil with the reason reported; `name` is what kind of file it is.
    static func parse(
        _ text: String, _ problems: ProblemCollector, named name: String = "job file"
    ) -> YAMLNode? {
        guard text.utf8.count <= sizeLimit else {
            problems.report(
                "", line: nil,
                "a \(name) has at most \(sizeLimit) bytes, this one has \(text.utf8.count)")
            return nil
        }
        do throws(YAMLError) {
            guard let node = try YAMLDocument.root(of: text) else {
                problems.report("", line: nil, "the \(name) is empty")
                return nil
            }
            return node
        } catch {
            problems.report("", line: error.line, "not YAML: \(error.problem)")
            return nil
        }
    }
}
