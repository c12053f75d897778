import LehrYAML

/// A job file on its way to the coordinator.
enum JobFile {
    /// The file's text with `data.path` replaced, if another data set is given.
    ///
    /// The path is made absolute: the cluster's processes have working directories of their own. All
    /// else stays as it is, so that the coordinator's messages give the lines of the user's file.
    static func text(_ text: String, data: String?) throws(JobFileError) -> String {
        guard let root = try? YAMLDocument.root(of: text), root.mapping != nil else {
            // What is wrong with it, the coordinator says best.
            return text
        }
        let given = root["data"]?["path"]?.text
        guard let path = data ?? given else { return text }
        let absolute = Path.absolute(path)
        guard absolute != given else { return text }
        let changed = text.splicing(edit(root, path: absolute))
        // Not every way to write YAML lets something be added in the middle.
        guard (try? YAMLDocument.root(of: changed))??["data"]?["path"]?.text == absolute else {
            throw JobFileError(path: absolute)
        }
        return changed
    }

    private static func edit(_ root: YAMLNode, path: String) -> (range: Range<Int>, text: String) {
        let value = doubleQuoted(path)
        guard let data = root["data"] else {
            return (root.range.upperBound..<root.range.upperBound, "\ndata:\n  path: \(value)\n")
        }
        if let old = data["path"] { return (old.range, old.range.isEmpty ? " \(value)" : value) }
        guard let first = data.mapping?.first?.key else {
            return (data.range, " {path: \(value)}")
        }
        let start = first.range.lowerBound
        // Between braces there is something before the first key.
        guard start == data.range.lowerBound else {
            return (start..<start, "path: \(value), ")
        }
        let indentation = String(repeating: " ", count: first.column)
        return (start..<start, "path: \(value)\n\(indentation)")
    }

    /// `text` as YAML's double-quoted style has it.
    private static func doubleQuoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// A job file whose `data.path` cannot be set.
struct JobFileError: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "cannot put the data set into this job file; write it there, as `data: {path: \(path)}`"
    }
}

extension String {
    /// With `text` in the place of the Unicode scalars of `range`.
    fileprivate func splicing(_ edit: (range: Range<Int>, text: String)) -> String {
        var scalars = unicodeScalars
        let end = scalars.count
        let bounds = edit.range.clamped(to: 0..<end)
        let start = scalars.index(scalars.startIndex, offsetBy: bounds.lowerBound)
        scalars.replaceSubrange(
            start..<scalars.index(start, offsetBy: bounds.count), with: edit.text.unicodeScalars)
        return String(scalars)
    }
}
