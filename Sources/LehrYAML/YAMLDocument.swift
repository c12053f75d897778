import CYAML

/// Reads the one YAML document of a text.
///
/// Aliases are unfolded; nested ones multiply, and may contain themselves, so the tree is bounded.
package enum YAMLDocument {
    /// Most values in a document, aliases unfolded.
    package static let valuesMax = 1 << 18
    /// Most values in one another.
    package static let depthMax = 64
    /// Most bytes of all scalars, aliases unfolded.
    package static let bytesMax = 8 << 20
    /// Most anchors and aliases: the parser compares each with all.
    package static let anchorsMax = 1000

    /// The document's root, or nil if there is nothing but comments.
    ///
    /// - Parameter text: of a size that the caller has bounded.
    package static func root(of text: String) throws(YAMLError) -> YAMLNode? {
        // The parser passes over a byte order mark without counting it.
        let mark = text.unicodeScalars.first == "\u{FEFF}" ? 1 : 0
        let bytes = Array(text.utf8)
        try parsing(bytes) { parser throws(YAMLError) in try checkAnchors(parser) }
        return try parsing(bytes) { parser throws(YAMLError) in
            try root(from: parser, startingAt: mark)
        }
    }

    private static func parsing<Result>(
        _ bytes: [UInt8],
        _ body: (UnsafeMutablePointer<yaml_parser_t>) throws(YAMLError) -> Result
    ) throws(YAMLError) -> Result {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        defer { yaml_parser_delete(parser) }
        let result = bytes.withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            return Swift.Result { () throws(YAMLError) in try body(parser) }
        }
        return try result.get()
    }

    private static func checkAnchors(
        _ parser: UnsafeMutablePointer<yaml_parser_t>
    ) throws(YAMLError) {
        var count = 0
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw problem(of: parser) }
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT: return
            case YAML_ALIAS_EVENT: count += 1
            case YAML_SCALAR_EVENT where event.data.scalar.anchor != nil: count += 1
            case YAML_SEQUENCE_START_EVENT where event.data.sequence_start.anchor != nil: count += 1
            case YAML_MAPPING_START_EVENT where event.data.mapping_start.anchor != nil: count += 1
            default: break
            }
            guard count <= anchorsMax else {
                throw YAMLError(
                    line: Int(event.start_mark.line) + 1,
                    problem: "more than \(anchorsMax) anchors and aliases")
            }
        }
    }

    private static func problem(of parser: UnsafeMutablePointer<yaml_parser_t>) -> YAMLError {
        let said = [parser.pointee.context, parser.pointee.problem]
            .compactMap { $0.map { String(cString: $0) } }
        let problem = said.isEmpty ? "cannot be read" : said.joined(separator: ": ")
        let hasLine = parser.pointee.error != YAML_READER_ERROR
        return YAMLError(
            line: hasLine ? Int(parser.pointee.problem_mark.line) + 1 : nil, problem: problem)
    }

    private static func root(
        from parser: UnsafeMutablePointer<yaml_parser_t>, startingAt start: Int
    ) throws(YAMLError) -> YAMLNode? {
        var first = try load(parser)
        defer { yaml_document_delete(&first) }
        guard let root = yaml_document_get_root_node(&first) else { return nil }
        var tree = YAMLTree(document: first, start: start)
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
        guard yaml_parser_load(parser, &document) == 1 else { throw problem(of: parser) }
        return document
    }
}
