import CYAML

/// What comes next in a document.
struct YAMLEvent {
    enum Kind {
        case scalar(String, isPlain: Bool)
        case sequence
        case mapping
        /// Of a sequence or a mapping.
        case end
        /// The value that has this anchor.
        case alias(String)
        case documentStart
        case documentEnd
        case streamStart
        case streamEnd
    }

    let kind: Kind
    /// The name by which aliases mean this value.
    let anchor: String?
    /// In the text, in Unicode scalars.
    let range: Range<Int>
    /// Counted from 1.
    let line: Int
    /// Counted from 0.
    let column: Int
}

/// libyaml's parser over a text.
final class YAMLParser {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    /// The parser passes over a byte order mark without counting it.
    private let offset: Int

    init(_ text: String) {
        offset = text.unicodeScalars.first == "\u{FEFF}" ? 1 : 0
        bytes = .allocate(capacity: text.utf8.count)
        _ = bytes.initialize(from: text.utf8)
        parser = .allocate(capacity: 1)
        precondition(yaml_parser_initialize(parser) == 1, "out of memory")
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        bytes.deallocate()
    }

    func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { yaml_event_delete(&event) }
        let (kind, anchor) = Self.kind(of: event)
        let start = Int(event.start_mark.index)
        return YAMLEvent(
            kind: kind, anchor: anchor,
            range: offset + start..<offset + max(start, Int(event.end_mark.index)),
            line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column))
    }

    private static func kind(of event: yaml_event_t) -> (YAMLEvent.Kind, anchor: String?) {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return (
                .scalar(String(decoding: bytes, as: UTF8.self), isPlain: isPlain),
                text(scalar.anchor)
            )
        case YAML_SEQUENCE_START_EVENT: return (.sequence, text(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: return (.mapping, text(event.data.mapping_start.anchor))
        case YAML_ALIAS_EVENT: return (.alias(text(event.data.alias.anchor) ?? ""), nil)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return (.end, nil)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, nil)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, nil)
        case YAML_STREAM_START_EVENT: return (.streamStart, nil)
        default: return (.streamEnd, nil)
        }
    }

    private static func text(_ name: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        name.map { String(cString: $0) }
    }

    private var problem: YAMLError {
        let said = [parser.pointee.context, parser.pointee.problem]
            .compactMap { $0.map { String(cString: $0) } }
        let hasLine = parser.pointee.error != YAML_READER_ERROR
        return YAMLError(
            line: hasLine ? Int(parser.pointee.problem_mark.line) + 1 : nil,
            problem: said.isEmpty ? "cannot be read" : said.joined(separator: ": "))
    }
}
