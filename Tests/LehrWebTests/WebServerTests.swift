import LehrCore
import LehrWebServer
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import LehrWeb

/// The door itself, over real sockets on ports that the system chooses.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct WebServerTests {
    private let registry = PrometheusRegistry()
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Runs a door while `body` uses its port, then shuts it down gracefully.
    private func withServer(
        routes: [WebRoute] = [], limits: WebLimits = WebLimits(),
        readiness: @escaping @Sendable () -> Readiness = { .ready },
        _ body: (Int) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(
            host: "127.0.0.1", port: 0, routes: routes, registry: registry, limits: limits,
            logger: logger, readiness: readiness
        ) { continuation.yield($1) }
        let services = ServiceGroup(services: [server], logger: logger)
        async let running: Void = services.run()
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        do { try await body(port) } catch {
            await services.triggerGracefulShutdown()
            throw error
        }
        await services.triggerGracefulShutdown()
        try await running
    }

    @Test func servesTheStandardRoutes() async throws {
        let isReady = Atomic(false)
        let isReadyNow: @Sendable () -> Readiness = {
            isReady.load(ordering: .relaxed) ? .ready : .notReady(reason: "no model loaded")
        }
        try await withServer(readiness: isReadyNow) { port in
            let health = try RawClient.ask(port: port, "GET", "/healthz")
            #expect(health.status == 200)
            #expect(health.body == "{\"status\":\"ok\"}\n")
            #expect(health.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(health.head.lowercased().contains("content-type: application/json"))
            let waiting = try RawClient.ask(port: port, "GET", "/readyz")
            #expect(waiting.status == 503)
            #expect(waiting.body == "{\"error\":\"no model loaded\"}\n")
            isReady.store(true, ordering: .relaxed)
            #expect(try RawClient.ask(port: port, "GET", "/readyz").status == 200)
            #expect(try RawClient.ask(port: port, "GET", "/nothing").status == 404)
            let metrics = try RawClient.ask(port: port, "GET", "/metrics")
            let samples = try ExpositionParser(Array(metrics.body.utf8)).samples
            #expect(samples["lehr_http_requests_total{code=\"503\",route=\"/readyz\"}"] == 1)
            #expect(samples["lehr_http_requests_total{code=\"404\",route=\"none\"}"] == 1)
            let head = try RawClient.ask(port: port, "HEAD", "/healthz")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
        }
    }

    @Test func givesHandlersTheWholeRequest() async throws {
        let route = WebRoute.post("/echo/{name}") { request in
            .json { json in
                json.field("name", request.parameters["name"] ?? "")
                json.field("q", request.query["q"] ?? "")
                json.field("header", request.headers["x-test"] ?? "")
                json.field("body", String(decoding: request.body, as: UTF8.self))
            }
        }
        try await withServer(routes: [route]) { port in
            let answer = try RawClient.ask(
                port: port, "POST", "/echo/a%20b?q=1%2B1", body: "hello",
                headers: "X-Test: one\r\nX-Test: two\r\n")
            #expect(answer.status == 200)
            #expect(
                answer.body
                    == #"{"name":"a b","q":"1+1","header":"one, two","body":"hello"}"# + "\n")
        }
    }

    @Test func answersPipelinedRequestsInOrder() async throws {
        try await withServer { port in
            let client = try RawClient(port: port)
            try client.send("GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n")
            try client.send("GET /readyz HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")
            let text = try client.readToEnd()
            let first = try #require(text.firstRange(of: "\"ok\""))
            let second = try #require(text.firstRange(of: "\"ready\""))
            #expect(first.upperBound < second.lowerBound)
        }
    }

    @Test func refusesBodiesThatAreTooLong() async throws {
        let route = WebRoute.post("/count") { .text("\($0.body.count)") }
        try await withServer(routes: [route], limits: WebLimits(bodyBytes: 1000)) { port in
            let fitting = String(repeating: "x", count: 1000)
            #expect(try RawClient.ask(port: port, "POST", "/count", body: fitting).body == "1000")
            let declared = try RawClient.ask(port: port, "POST", "/count", body: fitting + "x")
            #expect(declared.status == 413)
            #expect(declared.body.contains("1000 bytes"))
            let client = try RawClient(port: port)
            let chunk = "1f4\r\n\(String(repeating: "y", count: 500))\r\n"
            try client.send(
                "POST /count HTTP/1.1\r\nhost: t\r\nconnection: close\r\n"
                    + "transfer-encoding: chunked\r\n\r\n\(chunk)\(chunk)\(chunk)0\r\n\r\n")
            #expect(try RawClient.parse(client.readToEnd()).status == 413)
        }
    }

    @Test func saysWhichPortIsInUse() async throws {
        try await withServer { port in
            let second = WebServer(
                host: "127.0.0.1", port: port, routes: [], registry: registry, logger: logger)
            await #expect(
                throws: WebError.cannotListen(
                    host: "127.0.0.1", port: port, reason: "Address already in use")
            ) { try await second.run() }
        }
    }

    @Test func shutsDownThoughAClientStalls() async throws {
        let clock = SystemClock()
        var start = clock.now
        // Kept open across the shutdown of the door.
        var held: [RawClient] = []
        try await withServer(limits: WebLimits(drain: .milliseconds(200))) { port in
            let idle = try RawClient(port: port)
            let stalled = try RawClient(port: port)
            try stalled.send("POST /healthz HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nabc")
            #expect(try RawClient.ask(port: port, "GET", "/healthz").status == 200)
            held = [idle, stalled]
            start = clock.now
        }
        #expect(clock.now - start < .seconds(2))
        #expect(held.count == 2)
    }
}
