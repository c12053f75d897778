import Testing

@testable import LehrWeb

/// How a request target is taken apart.
struct WebRequestTests {
    private func parsed(_ target: String) -> WebRequest? {
        WebRequest(method: "GET", target: target, headers: [:], body: [])
    }

    @Test func splitsPathAndQuery() throws {
        let request = try #require(parsed("/a/b?x=1&y=two+words&z=%C3%A4%3D&flag&x=2&=e"))
        #expect(request.path == "/a/b")
        #expect(
            request.query == ["x": "2", "y": "two words", "z": "ä=", "flag": "", "": "e"])
    }

    @Test func takesTargetsWithoutQuery() throws {
        #expect(try #require(parsed("/a")).query.isEmpty)
        #expect(try #require(parsed("")).path == "")
        #expect(try #require(parsed("/?")).query.isEmpty)
    }

    @Test(arguments: ["/?a=%", "/?%4=1", "/?a=%GG", "/?a=%80"])
    func refusesBrokenQueries(target: String) { #expect(parsed(target) == nil) }
}
