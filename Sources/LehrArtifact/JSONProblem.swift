/// What a JSON document lacks or has wrong, and at which key, for a person.
func jsonProblem(_ error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    let (key, problem) = jsonKeyAndProblem(error)
    return key.isEmpty ? problem : "\(key): \(problem)"
}

/// The key path a decoding error is about (empty for the whole document), and the problem.
func jsonKeyAndProblem(_ error: DecodingError) -> (key: String, problem: String) {
    func name(_ path: [any CodingKey]) -> String {
        path.reduce("") { text, key in
            if let index = key.intValue { return text + "[\(index)]" }
            return text.isEmpty ? key.stringValue : text + "." + key.stringValue
        }
    }
    switch error {
    case .keyNotFound(let key, let context):
        return (name(context.codingPath + [key]), "is missing")
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
        return (name(context.codingPath), "must be of type \(type)")
    case .dataCorrupted(let context):
        // The decoder forgets the key of a number that its field cannot hold.
        let hint = context.codingPath.isEmpty ? " (or a number in it is out of range)" : ""
        return (name(context.codingPath), context.debugDescription + hint)
    @unknown default: return ("", "\(error)")
    }
}
