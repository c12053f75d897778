import Yams

/// Turns the text of a job file, or of another of these files, into YAML nodes, within bounds.
package enum JobDocument {
    /// Longest text of a job file, in bytes.
    package static let sizeLimit = 1 << 20
    /// Most anchors and aliases: nested ones multiply, twelve at most eighty-fold.
    static let aliasLimit = 12

    /// The root node, or nil with the reason reported; `name` is what kind of file it is.
    static func parse(
        _ text: String, _ problems: ProblemCollector, named name: String = "job file"
    ) -> Node? {
        guard text.utf8.count <= sizeLimit else {
            problems.report(
                "", line: nil,
                "a \(name) has at most \(sizeLimit) bytes, this one has \(text.utf8.count)")
            return nil
        }
        guard countAliases(text) <= aliasLimit else {
            problems.report(
                "", line: nil, "a \(name) has at most \(aliasLimit) YAML anchors and aliases")
            return nil
        }
        do {
            guard let node = try Yams.compose(yaml: text) else {
                problems.report("", line: nil, "the \(name) is empty")
                return nil
            }
            return node
        } catch let error as YamlError {
            report(error, problems)
        } catch {
            problems.report("", line: nil, "not YAML: \(error)")
        }
        return nil
    }

    private static func report(_ error: YamlError, _ problems: ProblemCollector) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            problems.report("", line: mark.line, "not YAML: \(problem)")
        case .reader(let problem, _, _, _):
            problems.report("", line: nil, "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { quoted($0) }.joined(separator: ", ")
            problems.report("", line: context.mark.line, "key given more than once: \(names)")
        default:
            problems.report("", line: nil, "not YAML")
        }
    }

    /// An upper bound of the anchors (`&name`) and aliases (`*name`) in `text`.
    private static func countAliases(_ text: String) -> Int {
        var count = 0
        var isSign = false
        var previous = UInt8(ascii: "\n")
        for byte in text.utf8 {
            let isName = !isBlank(byte)
            if isSign && isName { count += 1 }
            isSign =
                (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) && !isWordByte(previous)
            previous = byte
        }
        return count
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte <= UInt8(ascii: " ") }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// `text` in quotes on one line, cut to 40 characters.
func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars.prefix(40) {
        result += scalar.properties.isWhitespace ? " " : scalar.escaped(asASCII: false)
    }
    return result + (text.unicodeScalars.count > 40 ? "...\"" : "\"")
}
