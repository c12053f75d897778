/// What is wrong with a request's body: the field, what is allowed, and what was found.
package enum RequestError: Error, Equatable, Sendable, CustomStringConvertible {
    case notJSON(problem: String)
    case notAnObject
    case unknownField(field: String, known: [String])
    case missingField(field: String)
    case wrongType(field: String, expected: String)
    case outOfRange(field: String, value: Int, range: ClosedRange<Int>)
    case tooMany(field: String, count: Int, limit: Int)
    case wrongCount(field: String, count: Int, expected: Int, other: String)
    /// The model is of a kind that is asked otherwise.
    case wrongKind(model: String, kind: String, verb: String)

    package var description: String {
        switch self {
        case .notJSON(let problem): "the body is not JSON: \(problem)"
        case .notAnObject: "the body must be a JSON object"
        case .unknownField(let field, let known):
            "unknown field \(field); known are \(known.joined(separator: ", "))"
        case .missingField(let field): "field \(field) is missing"
        case .wrongType(let field, let expected): "field \(field) must be \(expected)"
        case .outOfRange(let field, let value, let range):
            "field \(field) must be from \(range.lowerBound) to \(range.upperBound), not \(value)"
        case .tooMany(let field, let count, let limit):
            "field \(field) has \(count) entries; at most \(limit) are allowed"
        case .wrongCount(let field, let count, let expected, let other):
            "field \(field) has \(count) entries, but \(other) has \(expected)"
        case .wrongKind(let model, let kind, let verb):
            "model \(model) is of kind \(kind), which does not answer :\(verb)"
        }
    }
}
