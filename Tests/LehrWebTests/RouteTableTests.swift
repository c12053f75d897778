import LehrCore
import Testing

@testable import LehrWeb

/// Which handler answers which request, and what is said when none does.
struct RouteTableTests {
    private static func naming(_ name: String) -> WebRoute.Handler {
        { request in
            let captures = request.parameters.sorted { $0.key < $1.key }
            return .text(name + captures.map { " \($0.key)=\($0.value)" }.joined())
        }
    }

    private let table = RouteTable([
        .get("/v1/models", naming("list")),
        .get("/v1/models/{name}", naming("status")),
        .post("/v1/models/{name}:recommend", naming("recommend")),
        .get("/v1/models/special", naming("special")),
        .get("/", naming("root")),
    ])

    private func ask(_ method: String, _ path: String) -> (status: Int, text: String, route: String)
    {
        let (response, route) = table.respond(to: WebRequest(method: method, path: path))
        return (response.status, String(decoding: response.body, as: UTF8.self), route)
    }

    @Test(arguments: [
        ("GET", "/v1/models", "list"),
        ("GET", "/v1/models/", "list"),
        ("GET", "/", "root"),
        ("HEAD", "/v1/models", "list"),
        ("GET", "/v1/models/films", "status name=films"),
        ("GET", "/v1/models/special", "special"),
        ("POST", "/v1/models/films:recommend", "recommend name=films"),
        ("POST", "/v1/models/a:b:recommend", "recommend name=a:b"),
        ("GET", "/v1/models/f%C3%A4lle%2Fx", "status name=fälle/x"),
        ("GET", "/v1/models/:recommend", "status name=:recommend"),
    ])
    func finds(method: String, path: String, answer: String) {
        let result = ask(method, path)
        #expect(result.status == 200)
        #expect(result.text == answer)
    }

    @Test(arguments: ["/v2", "/v1/models/a/b", "/V1/models", "/v1"])
    func refusesUnknownPaths(path: String) {
        let result = ask("GET", path)
        #expect(result.status == 404)
        #expect(result.text == "{\"error\":\"nothing is served at \(path)\"}\n")
        #expect(result.route == "none")
    }

    @Test func refusesOtherMethodsAndNamesTheRightOnes() {
        let (response, route) = table.respond(
            to: WebRequest(method: "GET", path: "/v1/models/films:recommend"))
        #expect(response.status == 405)
        #expect(response.headers.first?.name == "allow")
        #expect(response.headers.first?.value == "POST")
        #expect(route == "/v1/models/{name}:recommend")
        #expect(ask("DELETE", "/v1/models").text.contains("it answers GET, HEAD"))
    }

    @Test(arguments: ["/%", "/%4", "/%zz", "/%FF"])
    func refusesBrokenEscapes(path: String) { #expect(ask("GET", path).status == 400) }

    @Test func survivesRandomPaths() {
        var random = RandomSource(seed: 11)
        let alphabet = Array("/%:{}ab?&=+4\u{e4}\\\"\n".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<random.below(24)).map { _ in alphabet[random.below(alphabet.count)] }
            let target = String(decoding: bytes, as: UTF8.self)
            guard
                let request = WebRequest(method: "GET", target: target, headers: [:], body: [])
            else { continue }
            #expect([200, 400, 404, 405].contains(table.respond(to: request).response.status))
        }
    }
}
