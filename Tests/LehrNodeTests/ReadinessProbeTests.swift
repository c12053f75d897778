import LehrRPC
import Testing

@testable import LehrNode

@Suite struct ReadinessProbeTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:8501", "127.0.0.1:8501", "/readyz"),
            ("http://[::1]:80/", "[::1]:80", "/readyz"),
            ("http://shard-0:1/healthz?a=b", "shard-0:1", "/healthz?a=b"),
        ])
    func readsAnAddress(url: String, target: String, path: String) throws {
        let probe = try #require(ReadinessProbe(url, timeout: .seconds(1)))
        #expect(probe.target.description == target && probe.path == path)
    }

    @Test(arguments: [
        "127.0.0.1:1", "https://a:1", "http://", "http://a", "http://a:1/\r\nX: y", "http://a:1/ b",
        "http://a:99999", "http:///readyz",
    ])
    func refusesWhatIsNone(url: String) {
        #expect(ReadinessProbe(url, timeout: .seconds(1)) == nil)
    }

    @Test func readsAnAnswer() throws {
        let text = "HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{\"error\":\"x\"}"
        let answer = try #require(ReadinessProbe.parse(Array(text.utf8)))
        #expect(answer.status == 503 && answer.body == "{\"error\":\"x\"}")
        #expect(ReadinessProbe.parse(Array("HTTP/1.0 200".utf8))?.status == 200)
    }

    @Test(arguments: [
        "", "\r\n", "HTTP/1.1", "HTTP/1.1 20 OK", "HTTP/1.1 999 Odd", "HTTP/1.1 -20 OK",
        "SSH-2.0 200 x", "PRI * HTTP/2.0", "HTTP/2 200",
    ])
    func refusesAnAnswerThatIsNone(text: String) {
        #expect(ReadinessProbe.parse(Array(text.utf8)) == nil)
    }
}
