import LehrCore
import Testing

@testable import LehrServing

/// What a prediction's body may hold.
struct PredictRequestTests {
    private func parse(_ text: String) throws(RequestError) -> PredictRequest {
        try PredictRequest.parse(Array(text.utf8))
    }

    @Test func readsInstances() throws {
        let request = try parse(
            #"{"instances": [{"keys": [3, "x"], "values": [1, 0.5]}, {"keys": [4]}, {}]}"#)
        #expect(request.instances.map { $0.keys } == [[.number(3), .text("x")], [.number(4)], []])
        #expect(request.instances.map { $0.values } == [[1, 0.5], [1], []])
    }

    @Test(arguments: [
        (#"{"instances": []}"#, "field instances is missing"),
        ("{}", "field instances is missing"),
        (
            #"{"instances": [{"keys": [1], "values": [1, 2]}]}"#,
            "field instances.values has 2 entries, but instances.keys has 1"
        ),
        (
            #"{"instances": [{"keys": [1], "values": ["a"]}]}"#,
            "field instances.values must be a list; each entry a number"
        ),
        (#"{"instances": [5]}"#, "field instances must be a list; each entry an object"),
        (
            #"{"instances": [{"key": [1]}]}"#,
            "unknown field instances.key; known are instances.keys, instances.values"
        ),
    ])
    func saysWhatIsWrong(body: String, message: String) {
        let error = #expect(throws: RequestError.self) { try parse(body) }
        #expect(error?.description == message)
    }
}
