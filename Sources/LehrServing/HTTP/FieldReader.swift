import FoundationEssentials

/// Reads the fields of one JSON object, refusing those it was not told of.
///
/// `path` precedes the fields' names in messages: `features.` or nothing.
struct FieldReader {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Name>
    private let path: String

    init(_ decoder: any Decoder, path: String = "", known: [String]) throws {
        container = try decoder.container(keyedBy: Name.self)
        self.path = path
        let names = container.allKeys.map { $0.stringValue }.sorted()
        if let unknown = names.first(where: { !known.contains($0) }) {
            throw RequestError.unknownField(
                field: path + unknown, known: known.map { path + $0 })
        }
    }

    /// The value of a field, or nil when it is absent or null; `expected` describes its type.
    func value<Value: Decodable>(
        _ name: String, as type: Value.Type, expected: String
    ) throws -> Value? {
        do {
            return try container.decodeIfPresent(type, forKey: Name(stringValue: name))
        } catch let error as RequestError {
            throw error
        } catch {
            // Not a `DecodingError` alone: a number out of range is an error of the parser's own.
            throw RequestError.wrongType(field: path + name, expected: expected)
        }
    }

    /// A list of at most `limit` entries; empty when the field is absent.
    func list<Value: Decodable>(
        _ name: String, of type: Value.Type, limit: Int, expected: String
    ) throws -> [Value] {
        let values = try value(name, as: [Value].self, expected: "a list; each entry " + expected)
        guard let values else { return [] }
        guard values.count <= limit else {
            throw RequestError.tooMany(field: path + name, count: values.count, limit: limit)
        }
        return values
    }

    /// Decodes a whole request body.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from body: [UInt8]
    ) throws(RequestError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch let error as RequestError {
            throw error
        } catch DecodingError.typeMismatch {
            throw .notAnObject
        } catch DecodingError.dataCorrupted(let context) {
            let cause = context.underlyingError.map { "\($0)" } ?? context.debugDescription
            throw .notJSON(problem: body.isEmpty ? "it is empty" : cause)
        } catch {
            throw .notJSON(problem: "\(error)")
        }
    }
}
