import LehrYAML

/// A mapping of a job file, read key by key.
///
/// Each getter reports what is wrong with its value and then answers with the default, so that one
/// reading finds every problem. `finish()` reports the keys that no getter has asked for.
final class JobSection {
    let path: String
    let line: Int?
    let problems: ProblemCollector
    private var values: [String: (key: YAMLNode, value: YAMLNode)] = [:]
    private var order: [String] = []
    private var asked: [String] = []

    init(_ node: YAMLNode?, path: String, problems: ProblemCollector) {
        self.path = path
        self.problems = problems
        line = node?.line
        guard let node, !node.isNull else { return }
        guard let mapping = node.mapping else {
            problems.report(path, line: line, "expected keys with values, found \(describe(node))")
            return
        }
        for (key, value) in mapping {
            guard let text = key.text else {
                problems.report(
                    path, line: key.line, "a key is a word, found \(describe(key))")
                continue
            }
            values[text] = (key, value)
            order.append(text)
        }
    }

    func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Whether the file gives `key`; it counts as known from now on.
    func has(_ key: String) -> Bool { value(key) != nil }

    func value(_ key: String) -> YAMLNode? {
        if !asked.contains(key) { asked.append(key) }
        guard let node = values[key]?.value, !node.isNull else { return nil }
        return node
    }

    /// The mapping under `key`; an empty one when it is absent.
    func section(_ key: String) -> JobSection {
        JobSection(value(key), path: keyPath(key), problems: problems)
    }

    func report(_ key: String, _ message: String) {
        problems.report(keyPath(key), line: values[key]?.value.line ?? line, message)
    }

    /// Reports `key` when it is given although other choices leave it without a meaning.
    func refuse(_ key: String, _ reason: String) {
        guard has(key) else { return }
        report(key, "\(reason); remove it")
    }

    func refuse(_ key: String, expected: String, _ node: YAMLNode) {
        problems.report(
            keyPath(key), line: node.line, "expected \(expected), found \(describe(node))")
    }

    /// Lets every key pass, where it cannot be said which are allowed.
    func passAll() { asked += order }

    /// Reports keys that are not known, with what may have been meant.
    func finish() {
        for key in order where !asked.contains(key) {
            let location = values[key]?.key.line ?? line
            let hint =
                closest(to: key, among: asked).map { "did you mean '\($0)'?" }
                ?? "allowed are \(asked.sorted().joined(separator: ", "))"
            problems.report(
                path, line: location, "unknown key \(quoted(key)); \(hint)")
        }
    }
}

/// A node as a message names it.
func describe(_ node: YAMLNode) -> String {
    switch node.content {
    case .scalar(let text, _): quoted(text)
    case .mapping: "keys with values"
    case .sequence: "a list"
    }
}
