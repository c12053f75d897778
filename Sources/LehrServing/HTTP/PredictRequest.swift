/// The body of `POST /v1/models/NAME:predict`.
///
/// ```json
/// {"instances": [{"keys": [3, 11], "values": [1, 0.5]}, {"keys": [4]}]}
/// ```
/// Without `values` each feature has the value 1.
package struct PredictRequest: Equatable, Sendable, Decodable {
    package static let instanceLimit = 1000
    package static let keyLimit = 10_000

    package struct Instance: Equatable, Sendable, Decodable {
        package var keys: [EntityKey]
        /// As many as `keys`.
        package var values: [Float]

        package init(from decoder: any Decoder) throws {
            let fields = try FieldReader(decoder, path: "instances.", known: ["keys", "values"])
            keys = try fields.list(
                "keys", of: EntityKey.self, limit: PredictRequest.keyLimit,
                expected: EntityKey.expectation)
            let given = try fields.list(
                "values", of: Float.self, limit: PredictRequest.keyLimit, expected: "a number")
            guard given.isEmpty || given.count == keys.count else {
                throw RequestError.wrongCount(
                    field: "instances.values", count: given.count, expected: keys.count,
                    other: "instances.keys")
            }
            values = given.isEmpty ? Array(repeating: 1, count: keys.count) : given
        }
    }

    package var instances: [Instance]

    package init(from decoder: any Decoder) throws {
        let fields = try FieldReader(decoder, known: ["instances"])
        instances = try fields.list(
            "instances", of: Instance.self, limit: Self.instanceLimit, expected: "an object")
        guard !instances.isEmpty else { throw RequestError.missingField(field: "instances") }
    }

    package static func parse(_ body: [UInt8]) throws(RequestError) -> PredictRequest {
        try FieldReader.decode(PredictRequest.self, from: body)
    }
}
