/// Reads the one YAML document of a text.
///
/// An alias shares what it stands for, so a document takes no more memory than a few times its text. Who walks
/// through it meets that anew at each alias, and aliases of aliases multiply: what there is to walk through
/// is bounded.
package struct YAMLDocument {
    /// Most values in a document, aliases unfolded.
    package static let valuesMax = 1 << 18
    /// Most values in one another, aliases unfolded.
    package static let depthMax = 64

    /// A value, with what there is to walk through below it and itself.
    private struct Part {
        let node: YAMLNode
        var values = 1
        /// Values in one another.
        var height = 1
    }

    private let parser: YAMLParser
    private var anchors: [String: Part] = [:]
    /// So far.
    private var values = 0

    private init(_ text: String) { parser = YAMLParser(text) }

    /// The document's root, or nil if there is nothing but comments.
    ///
    /// - Parameter text: of a size that the caller has bounded.
    package static func root(of text: String) throws(YAMLError) -> YAMLNode? {
        var document = YAMLDocument(text)
        return try document.root()
    }

    private mutating func root() throws(YAMLError) -> YAMLNode? {
        _ = try parser.next()
        guard case .documentStart = try parser.next().kind else { return nil }
        let root = try part(parser.next(), depth: 0)
        _ = try parser.next()
        let next = try parser.next()
        guard case .streamEnd = next.kind else {
            throw YAMLError(line: next.line, problem: "a second document begins")
        }
        return root.node
    }

    private mutating func part(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Part {
        let part: Part
        switch event.kind {
        case .scalar(let text, let isPlain):
            part = Part(node: node(event, event, .scalar(text, isPlain: isPlain)))
            try count(1, event)
        case .alias(let name):
            guard let meant = anchors[name] else {
                throw YAMLError(
                    line: event.line, problem: "nothing before has the anchor of *\(name)")
            }
            part = meant
            try count(meant.values, event)
        case .sequence, .mapping:
            try count(1, event)
            try check(depth + 1, event)
            part = try collection(event, depth: depth)
        case .end, .documentStart, .documentEnd, .streamStart, .streamEnd:
            throw YAMLError(line: event.line, problem: "a value is missing")
        }
        try check(depth + part.height, event)
        if let anchor = event.anchor { anchors[anchor] = part }
        return part
    }

    private mutating func collection(
        _ start: YAMLEvent, depth: Int
    ) throws(YAMLError) -> Part {
        var children: [Part] = []
        var event = try parser.next()
        while !event.isEnd {
            children.append(try part(event, depth: depth + 1))
            event = try parser.next()
        }
        let nodes = children.map(\.node)
        let content: YAMLNode.Content =
            if case .mapping = start.kind { .mapping(try Self.pairs(nodes)) } else {
                .sequence(nodes)
            }
        return Part(
            node: node(start, event, content),
            values: children.reduce(1) { $0 + $1.values },
            height: 1 + (children.map(\.height).max() ?? 0))
    }

    /// Keys and values, which follow each other.
    private static func pairs(
        _ nodes: [YAMLNode]
    ) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        var names: Set<String> = []
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        for index in stride(from: 0, to: nodes.count - 1, by: 2) {
            let key = nodes[index]
            if let name = key.text, !names.insert(name).inserted {
                throw YAMLError(
                    line: key.line, problem: "key given more than once: \(quoted(name))")
            }
            pairs.append((key, nodes[index + 1]))
        }
        return pairs
    }

    private func node(
        _ start: YAMLEvent, _ end: YAMLEvent, _ content: YAMLNode.Content
    ) -> YAMLNode {
        YAMLNode(
            range: start.range.lowerBound..<end.range.upperBound, line: start.line,
            column: start.column, content: content)
    }

    // MARK: - Bounds

    private mutating func count(_ more: Int, _ event: YAMLEvent) throws(YAMLError) {
        values += more
        guard values <= Self.valuesMax else {
            throw YAMLError(
                line: event.line, problem: "more than \(Self.valuesMax) values, aliases unfolded")
        }
    }

    private func check(_ depth: Int, _ event: YAMLEvent) throws(YAMLError) {
        guard depth <= Self.depthMax else {
            throw YAMLError(
                line: event.line, problem: "more than \(Self.depthMax) values in one another")
        }
    }
}

extension YAMLEvent {
    fileprivate var isEnd: Bool {
        if case .end = kind { true } else { false }
    }
}
