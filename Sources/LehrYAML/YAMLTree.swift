import CYAML

/// Unfolds libyaml's document, whose nodes refer to one another by number, to a tree.
struct YAMLTree {
    private var document: yaml_document_t
    /// Of the document in the text.
    private let start: Int
    private var count = 0
    private var byteCount = 0

    init(document: yaml_document_t, start: Int) {
        self.document = document
        self.start = start
    }

    mutating func node(
        _ node: UnsafeMutablePointer<yaml_node_t>, depth: Int
    ) throws(YAMLError) -> YAMLNode {
        let mark = node.pointee.start_mark
        let line = Int(mark.line) + 1
        count += 1
        guard count <= YAMLDocument.valuesMax else {
            throw YAMLError(
                line: line,
                problem: "more than \(YAMLDocument.valuesMax) values, aliases unfolded")
        }
        guard depth < YAMLDocument.depthMax else {
            throw YAMLError(
                line: line, problem: "more than \(YAMLDocument.depthMax) values in one another")
        }
        return YAMLNode(
            range: start + Int(mark.index)..<start
                + max(Int(mark.index), Int(node.pointee.end_mark.index)),
            line: line, column: Int(mark.column),
            content: try content(node, depth: depth))
    }

    private mutating func content(
        _ node: UnsafeMutablePointer<yaml_node_t>, depth: Int
    ) throws(YAMLError) -> YAMLNode.Content {
        switch node.pointee.type {
        case YAML_MAPPING_NODE:
            return .mapping(try pairs(node, depth: depth))
        case YAML_SEQUENCE_NODE:
            let items = node.pointee.data.sequence.items
            var elements: [YAMLNode] = []
            for item in UnsafeBufferPointer(start: items.start, count: items.top - items.start) {
                elements.append(try child(item, depth: depth))
            }
            return .sequence(elements)
        default:
            let scalar = node.pointee.data.scalar
            byteCount += scalar.length
            guard byteCount <= YAMLDocument.bytesMax else {
                throw YAMLError(
                    line: Int(node.pointee.start_mark.line) + 1,
                    problem: "more than \(YAMLDocument.bytesMax) bytes, aliases unfolded")
            }
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        }
    }

    private mutating func pairs(
        _ node: UnsafeMutablePointer<yaml_node_t>, depth: Int
    ) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        let stack = node.pointee.data.mapping.pairs
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        var names: Set<String> = []
        for pair in UnsafeBufferPointer(start: stack.start, count: stack.top - stack.start) {
            let key = try child(pair.key, depth: depth)
            if let name = key.text, !names.insert(name).inserted {
                throw YAMLError(
                    line: key.line, problem: "key given more than once: \(quoted(name))")
            }
            pairs.append((key, try child(pair.value, depth: depth)))
        }
        return pairs
    }

    private mutating func child(_ index: CInt, depth: Int) throws(YAMLError) -> YAMLNode {
        // Their numbers are the parser's own, so it knows them.
        guard let child = yaml_document_get_node(&document, index) else {
            throw YAMLError(line: nil, problem: "a value is missing")
        }
        return try node(child, depth: depth + 1)
    }
}
