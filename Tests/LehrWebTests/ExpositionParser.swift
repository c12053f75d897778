import Testing

/// Reads the Prometheus text format strictly enough to find what a scraper would refuse.
struct ExpositionParser {
    struct Failure: Error, CustomStringConvertible {
        let line: Int
        let problem: String
        var description: String { "line \(line): \(problem)" }
    }

    /// Families in the order of their TYPE lines, with their types.
    private(set) var types: [(name: String, type: String)] = []
    private(set) var helps: [String: String] = [:]
    /// By the sample's name and labels as written, such as `a_total{code="200"}`.
    private(set) var samples: [String: Double] = [:]
    private(set) var order: [String] = []

    init(_ bytes: [UInt8]) throws {
        let text = try #require(String(validating: bytes, as: UTF8.self))
        #expect(text.isEmpty || text.hasSuffix("\n"))
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            number += 1
            if line.hasPrefix("# ") { try comment(line, number) } else { try sample(line, number) }
        }
    }

    private mutating func comment(_ line: Substring, _ number: Int) throws {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count == 4 else { throw Failure(line: number, problem: "short comment") }
        let name = String(words[2])
        switch words[1] {
        case "HELP": helps[name] = String(words[3])
        case "TYPE":
            guard !types.contains(where: { $0.name == name }) else {
                throw Failure(line: number, problem: "second TYPE of \(name)")
            }
            types.append((name, String(words[3])))
        default: throw Failure(line: number, problem: "unknown comment")
        }
    }

    private mutating func sample(_ line: Substring, _ number: Int) throws {
        guard let space = line.lastIndex(of: " ") else {
            throw Failure(line: number, problem: "no value")
        }
        let key = String(line[..<space])
        let valueText = String(line[line.index(after: space)...])
        let value = valueText == "+Inf" ? Double.infinity : Double(valueText)
        guard let value else { throw Failure(line: number, problem: "value \(valueText)") }
        let name = key.prefix { $0 != "{" }
        guard
            name.first.map({ !$0.isNumber }) == true,
            name.unicodeScalars.allSatisfy({ Self.isNameScalar($0) })
        else { throw Failure(line: number, problem: "name \(name)") }
        try labels(key.dropFirst(name.count), number)
        let family = types.last.map { $0.name } ?? ""
        guard name.hasPrefix(family), samples[key] == nil else {
            throw Failure(line: number, problem: "\(key) stands outside its family or twice")
        }
        samples[key] = value
        order.append(key)
    }

    /// `{name="value",...}` with escapes, or nothing.
    private func labels(_ text: Substring, _ number: Int) throws {
        guard !text.isEmpty else { return }
        let failure = Failure(line: number, problem: "labels \(text)")
        guard text.hasPrefix("{"), text.hasSuffix("}") else { throw failure }
        var rest = Array(text.unicodeScalars.dropFirst().dropLast())[...]
        while !rest.isEmpty {
            let name = rest.prefix { Self.isNameScalar($0) && $0 != ":" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.starts(with: ["=", "\""]) else { throw failure }
            rest = rest.dropFirst(2)
            while let scalar = rest.popFirst(), scalar != "\"" {
                guard scalar == "\\" else { continue }
                guard let escaped = rest.popFirst(), ["\\", "\"", "n"].contains(escaped) else {
                    throw failure
                }
            }
            guard rest.isEmpty || rest.popFirst() == "," else { throw failure }
        }
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ":": true
        default: false
        }
    }
}
