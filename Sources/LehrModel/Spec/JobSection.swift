import Yams

/// A mapping of a job file, read key by key.
///
/// Each getter reports what is wrong with its value and then answers with the default, so that one
/// reading finds every problem. `finish()` reports the keys that no getter has asked for.
final class JobSection {
    let path: String
    let line: Int?
    let problems: ProblemCollector
    private var values: [String: (key: Node, value: Node)] = [:]
    private var order: [String] = []
    private var asked: [String] = []

    init(_ node: Node?, path: String, problems: ProblemCollector) {
        self.path = path
        self.problems = problems
        line = node?.mark?.line
        guard let node, !Self.isNull(node) else { return }
        guard case .mapping(let mapping) = node else {
            problems.report(path, line: line, "expected keys with values, found \(describe(node))")
            return
        }
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                problems.report(
                    path, line: key.mark?.line, "a key is a word, found \(describe(key))")
                continue
            }
            values[scalar.string] = (key, value)
            order.append(scalar.string)
        }
    }

    func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Whether the file gives `key`; it counts as known from now on.
    func has(_ key: String) -> Bool { value(key) != nil }

    func value(_ key: String) -> Node? {
        if !asked.contains(key) { asked.append(key) }
        guard let node = values[key]?.value, !Self.isNull(node) else { return nil }
        return node
    }

    /// The mapping under `key`; an empty one when it is absent.
    func section(_ key: String) -> JobSection {
        JobSection(value(key), path: keyPath(key), problems: problems)
    }

    func report(_ key: String, _ message: String) {
        problems.report(keyPath(key), line: values[key]?.value.mark?.line ?? line, message)
    }

    /// Reports `key` when it is given although other choices leave it without a meaning.
    func refuse(_ key: String, _ reason: String) {
        guard has(key) else { return }
        report(key, "\(reason); remove it")
    }

    func refuse(_ key: String, expected: String, _ node: Node) {
        problems.report(
            keyPath(key), line: node.mark?.line, "expected \(expected), found \(describe(node))")
    }

    /// Lets every key pass, where it cannot be said which are allowed.
    func passAll() { asked += order }

    /// Reports keys that are not known, with what may have been meant.
    func finish() {
        for key in order where !asked.contains(key) {
            let location = values[key]?.key.mark?.line ?? line
            let hint =
                closest(to: key, among: asked).map { "did you mean '\($0)'?" }
                ?? "allowed are \(asked.sorted().joined(separator: ", "))"
            problems.report(
                path, line: location, "unknown key \(quoted(key)); \(hint)")
        }
    }

    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }
}

/// A node as a message names it.
func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar): quoted(scalar.string)
    case .mapping: "keys with values"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}
