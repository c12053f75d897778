/// The body of `POST /v1/models/NAME:recommend`.
///
/// ```json
/// {"user": 42, "features": {"history": [1, 2]}, "k": 10, "exclude": [3], "exclude_seen": true}
/// ```
/// Every field may be absent; without user and history the answer is what is popular.
package struct RecommendRequest: Equatable, Sendable, Decodable {
    package static let kRange = 1...1000
    package static let historyLimit = 1000
    package static let excludeLimit = 10_000

    package var user: EntityKey?
    package var history: [EntityKey]
    package var k: Int
    package var exclude: [EntityKey]
    package var excludeSeen: Bool

    /// What a user is described by where the model does not know its id.
    private struct Features: Decodable {
        let history: [EntityKey]

        init(from decoder: any Decoder) throws {
            let fields = try FieldReader(decoder, path: "features.", known: ["history"])
            history = try fields.list(
                "history", of: EntityKey.self, limit: RecommendRequest.historyLimit,
                expected: EntityKey.expectation)
        }
    }

    package init(from decoder: any Decoder) throws {
        let fields = try FieldReader(
            decoder, known: ["user", "features", "k", "exclude", "exclude_seen"])
        user = try fields.value("user", as: EntityKey.self, expected: EntityKey.expectation)
        let features = try fields.value("features", as: Features.self, expected: "an object")
        history = features?.history ?? []
        k = try fields.value("k", as: Int.self, expected: "a whole number") ?? 10
        guard Self.kRange.contains(k) else {
            throw RequestError.outOfRange(field: "k", value: k, range: Self.kRange)
        }
        exclude = try fields.list(
            "exclude", of: EntityKey.self, limit: Self.excludeLimit,
            expected: EntityKey.expectation)
        excludeSeen =
            try fields.value("exclude_seen", as: Bool.self, expected: "true or false") ?? true
    }

    package static func parse(_ body: [UInt8]) throws(RequestError) -> RecommendRequest {
        try FieldReader.decode(RecommendRequest.self, from: body)
    }

    package var query: RecommendQuery {
        RecommendQuery(
            user: user?.key, history: history.map { $0.key }, k: k,
            exclude: exclude.map { $0.key }, excludeSeen: excludeSeen)
    }
}
