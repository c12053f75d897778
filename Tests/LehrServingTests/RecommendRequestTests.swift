import LehrCore
import Testing

@testable import LehrServing

/// What a request's body may hold, and what is said of one that may not be.
struct RecommendRequestTests {
    private func parse(_ text: String) throws(RequestError) -> RecommendRequest {
        try RecommendRequest.parse(Array(text.utf8))
    }

    @Test func readsEveryField() throws {
        let request = try parse(
            """
            {"user": 18446744073709551615, "features": {"history": [1, "2", "Alien"]}, "k": 1000,
             "exclude": [7, "18446744073709551615"], "exclude_seen": false}
            """)
        #expect(request.user == .number(.max))
        let history: [UInt64] = [1, 2, featureKey("Alien".utf8)]
        #expect(
            request.query
                == RecommendQuery(
                    user: .max, history: history, k: 1000, exclude: [7, .max], excludeSeen: false))
    }

    @Test func hasDefaults() throws {
        #expect(try parse("{}").query == RecommendQuery())
        #expect(try parse(#"{"user": null, "k": null, "features": {}}"#).query == RecommendQuery())
        #expect(try parse(#"{"user": "42"}"#).query.user == 42)
        #expect(try parse(#"{"user": "ada"}"#).query.user == featureKey("ada".utf8))
    }

    @Test(arguments: [
        (#"{"k": 0}"#, "field k must be from 1 to 1000, not 0"),
        (#"{"k": 1001}"#, "field k must be from 1 to 1000, not 1001"),
        (#"{"k": "ten"}"#, "field k must be a whole number"),
        (#"{"k": 1.5}"#, "field k must be a whole number"),
        (#"{"k": 99999999999999999999}"#, "field k must be a whole number"),
        (
            #"{"user": -1}"#,
            "field user must be a whole number from 0 to 2^64 - 1, or text"
        ),
        (#"{"user": [1]}"#, "field user must be a whole number from 0 to 2^64 - 1, or text"),
        (
            #"{"exclude": [1, 2.5]}"#,
            "field exclude must be a list; each entry a whole number from 0 to 2^64 - 1, or text"
        ),
        (#"{"exclude_seen": 1}"#, "field exclude_seen must be true or false"),
        (#"{"features": 3}"#, "field features must be an object"),
        (
            #"{"features": {"histroy": []}}"#,
            "unknown field features.histroy; known are features.history"
        ),
        (
            #"{"users": 3, "k": 0}"#,
            "unknown field users; known are user, features, k, exclude, exclude_seen"
        ),
        ("[]", "the body must be a JSON object"),
        ("3", "the body must be a JSON object"),
        ("", "the body is not JSON: it is empty"),
    ])
    func saysWhatIsWrong(body: String, message: String) {
        let error = #expect(throws: RequestError.self) { try parse(body) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["{", "{\"k\":}", "nonsense", "{\"k\":1}}", "{'k':1}", "{\"user\":\"\u{0}"])
    func refusesWhatIsNotJSON(body: String) {
        let error = #expect(throws: RequestError.self) { try parse(body) }
        #expect(error?.description.hasPrefix("the body is not JSON: ") == true)
    }

    @Test func boundsLists() throws {
        func list(_ count: Int) -> String {
            "[" + (0..<count).map { "\($0)" }.joined(separator: ",") + "]"
        }
        #expect(try parse("{\"exclude\": \(list(10_000))}").exclude.count == 10_000)
        #expect(throws: RequestError.tooMany(field: "exclude", count: 10_001, limit: 10_000)) {
            try parse("{\"exclude\": \(list(10_001))}")
        }
        #expect(throws: RequestError.tooMany(field: "features.history", count: 1001, limit: 1000)) {
            try parse("{\"features\": {\"history\": \(list(1001))}}")
        }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: RequestError.self) { try parse("{\"exclude\": \(deep)") }
    }

    @Test func survivesMutations() {
        let seed = Array(
            #"{"user":42,"features":{"history":[1,"2",3e2]},"k":10,"exclude":[3],"exclude_seen":true}"#
                .utf8)
        let spice = Array("{}[]\",:0123456789.eE+-\\utfnal \u{0}\u{7f}".utf8) + [0xFF, 0xC3, 0x80]
        var random = RandomSource(seed: 2024)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0...random.below(4) {
                let position = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[position] = spice[random.below(spice.count)]
                case 1: bytes.insert(spice[random.below(spice.count)], at: position)
                case 2 where bytes.count > 1: bytes.remove(at: position)
                default: bytes.removeLast(random.below(min(bytes.count, 12)))
                }
            }
            do throws(RequestError) {
                let request = try RecommendRequest.parse(bytes)
                accepted += 1
                #expect(RecommendRequest.kRange.contains(request.query.k))
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
        #expect(accepted > 100 && accepted < 19_000)
    }
}
