/// A value in a YAML document, with where it stands in the text.
package struct YAMLNode: Sendable {
    package enum Content: Sendable {
        /// `isPlain`: without quotes, so that `null` is no value instead of a word.
        case scalar(String, isPlain: Bool)
        /// Keys are unique where they are scalars.
        case mapping([(key: YAMLNode, value: YAMLNode)])
        case sequence([YAMLNode])
    }

    /// A range of the text that the document was read from, in Unicode scalars; empty where a value is
    /// left out.
    package let range: Range<Int>
    /// Counted from 1.
    package let line: Int
    /// Counted from 0.
    package let column: Int
    package let content: Content

    /// The text of a scalar.
    package var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    package var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs
    }

    package var sequence: [YAMLNode]? {
        guard case .sequence(let elements) = content else { return nil }
        return elements
    }

    /// Whether this stands for no value: nothing, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null"].contains(text)
    }

    /// The value of a mapping's key.
    package subscript(key: String) -> YAMLNode? {
        mapping?.first { $0.key.text == key }?.value
    }
}
