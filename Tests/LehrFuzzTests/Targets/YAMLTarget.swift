import LehrModel
import LehrYAML

/// Texts of job files: what is read of them lies in the text, and a job file is taken or refused.
enum YAMLTarget {
    static let target = FuzzTarget(name: "yaml", inputBytesMax: 2048) { input in
        let text = String(decoding: input, as: UTF8.self)
        _ = try? JobSpec(yaml: text)
        guard let root = try? YAMLDocument.root(of: text) else { return }
        var left = YAMLDocument.valuesMax
        try check(root, within: text.unicodeScalars.count, &left)
    }

    private static func check(_ node: YAMLNode, within end: Int, _ left: inout Int)
        throws(FuzzFailure)
    {
        left -= 1
        try require(left >= 0, "there are more values than are allowed")
        try require(
            node.range.upperBound <= end && node.line > 0 && node.column >= 0,
            "a value at \(node.range), line \(node.line), of \(end) characters")
        switch node.content {
        case .scalar: break
        case .sequence(let elements):
            for element in elements { try check(element, within: end, &left) }
        case .mapping(let pairs):
            let names = pairs.compactMap(\.key.text)
            try require(Set(names).count == names.count, "a key comes twice")
            for (key, value) in pairs {
                try check(key, within: end, &left)
                try check(value, within: end, &left)
            }
        }
    }
}
