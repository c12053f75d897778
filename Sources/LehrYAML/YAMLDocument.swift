import CYAML

/// Reads the one YAML document of a text.
///
/// Aliases are unfolded; nested ones multiply, and may contain themselves, so the tree is bounded.
package enum YAMLDocument {
    /// Most values in a document, aliases unfolded.
    package static let valuesMax = 1 << 18
    /// Most values in one another.
    package static let depthMax = 64

    /// The document's root, or nil if there is nothing but comments.
    ///
    /// - Parameter text: of a size that the caller has bounded.
    package static func root(of text: String) throws(YAMLError) -> YAMLNode? {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        defer { yaml_parser_delete(parser) }
        // The parser would take the text's first bytes for another encoding's mark.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            return Result { () throws(YAMLError) in try root(from: parser) }
        }
        return try result.get()
    }

    private static func root(
        from parser: UnsafeMutablePointer<yaml_parser_t>
    ) throws(YAMLError) -> YAMLNode? {
        var first = try load(parser)
        defer { yaml_document_delete(&first) }
        guard let root = yaml_document_get_root_node(&first) else { return nil }
        var tree = YAMLTree(document: first)
        let node = try tree.node(root, depth: 0)
        var second = try load(parser)
        defer { yaml_document_delete(&second) }
        if let other = yaml_document_get_root_node(&second) {
            throw YAMLError(
                line: Int(other.pointee.start_mark.line) + 1, problem: "a second document begins")
        }
        return node
    }

    /// The next document; one without a root at the end.
    private static func load(
        _ parser: UnsafeMutablePointer<yaml_parser_t>
    ) throws(YAMLError) -> yaml_document_t {
        var document = yaml_document_t()
        guard yaml_parser_load(parser, &document) == 1 else {
            let problem = parser.pointee.problem.map { String(cString: $0) } ?? "cannot be read"
            let hasLine = parser.pointee.error != YAML_READER_ERROR
            throw YAMLError(
                line: hasLine ? Int(parser.pointee.problem_mark.line) + 1 : nil, problem: problem)
        }
        return document
    }
}
