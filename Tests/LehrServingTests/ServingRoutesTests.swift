import LehrArtifact
import LehrCore
import LehrWeb
import LehrWebServer
import Logging
import ServiceLifecycle
import Testing

@testable import LehrServing

/// What HTTP answers, first without a socket, then through one.
struct ServingRoutesTests {
    private let directory: TemporaryDirectory
    private let catalog = ModelCatalog()
    private let registry = PrometheusRegistry(process: false)
    private let fixture: ExportFixture
    private let watcher: ModelWatcher
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        directory = try TemporaryDirectory()
        var fixture = ExportFixture.random(users: 3, items: 20, dimension: 5, seed: 6)
        fixture.itemKeys[0] = 1 << 53
        fixture.itemKeys[1] = 1 << 53 + 1
        fixture.titles[1] = "say \"hi\""
        self.fixture = fixture
        try directory.files.createDirectory(directory.path + "/films")
        try fixture.write(to: directory.path + "/films/7")
        watcher = ModelWatcher(
            directory: ModelDirectory(root: directory.path, files: directory.files),
            catalog: catalog, metrics: registry, wallClock: { 1_700_000_001_005 }, logger: logger)
    }

    private func poll() {
        var state = ModelWatcher.State()
        watcher.poll(&state)
    }

    private func ask(
        _ method: String, _ path: String, _ body: String = ""
    ) -> (status: Int, body: String) {
        let table = RouteTable(ServingRoutes(catalog: catalog, metrics: registry).routes)
        let response = table.respond(
            to: WebRequest(method: method, path: path, body: Array(body.utf8))
        ).response
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func recommends() throws {
        poll()
        let answer = ask("POST", "/v1/models/films:recommend", #"{"user": "101", "k": 20}"#)
        #expect(answer.status == 200)
        #expect(
            answer.body.hasPrefix(
                #"{"model":{"name":"films","version":7},"user":"101","source":"model","items":[{"#))
        let engine = try #require(catalog.snapshot.models["films"]?.served?.model.engine)
        guard case .recommend(let engine) = engine else { return }
        let best = engine.recommend(RecommendQuery(user: 101, k: 20)).items
        let items = best.map { item in
            let key = item.key > 1 << 53 ? "\"\(item.key)\"" : "\(item.key)"
            let title = item.title.contains("hi") ? #"say \"hi\""# : item.title
            return #"{"item":\#(key),"title":"\#(title)","score":\#(item.score)}"#
        }
        #expect(answer.body.hasSuffix("\"items\":[\(items.joined(separator: ","))]}\n"))
    }

    @Test func recommendsToStrangers() {
        poll()
        let popular = ask("POST", "/v1/models/films:recommend", #"{"user": 5, "k": 1}"#)
        #expect(popular.body.contains(#""user":5,"source":"popular","items":[{"#))
        let history = ask(
            "POST", "/v1/models/films:recommend", #"{"features": {"history": [1014]}, "k": 1}"#)
        #expect(history.body.contains(#""version":7},"source":"history","items":[{"#))
    }

    @Test func refusesBadRequests() {
        poll()
        let wrong = ask("POST", "/v1/models/films:recommend", #"{"k": 0}"#)
        #expect(wrong.status == 400)
        #expect(wrong.body == "{\"error\":\"field k must be from 1 to 1000, not 0\"}\n")
        let unknown = ask("POST", "/v1/models/books:recommend", "{}")
        #expect(unknown.status == 404)
        #expect(unknown.body == "{\"error\":\"no model is named books; there are: films\"}\n")
        let verb = ask("POST", "/v1/models/films:predict", "{}")
        #expect(verb.status == 400)
        #expect(verb.body.contains("kind two-tower, which does not answer :predict"))
        #expect(ask("GET", "/v1/models/films:recommend").status == 405)
        #expect(ask("GET", "/v1/models/books").status == 404)
        let metrics = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(metrics.contains(#"lehr_serving_requests_total{code="400",model="films"} 2"#))
        #expect(metrics.contains(#"lehr_serving_requests_total{code="404",model="unknown"} 1"#))
    }

    @Test func tellsTheStatus() throws {
        poll()
        try fixture.write(to: directory.path + "/films/8")
        try directory.overwrite("films/8/users.safetensors", with: [1, 2, 3])
        poll()
        let status = ask("GET", "/v1/models/films")
        #expect(status.status == 200)
        #expect(
            status.body.hasPrefix(
                #"{"name":"films","model_version_status":[{"version":"8","state":"END","#
                    + #""status":{"error_code":"DATA_LOSS","error_message":"#))
        for part in [
            #"{"version":"7","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}"#,
            #""kind":"two-tower","users":3,"items":20,"dimension":5,"bytes":"#,
            #""metrics":{"hr_at_10":0.5,"ndcg_at_10":0.25}"#,
            #""created_at":"2023-11-14T22:13:20.123Z","cluster":"00000000000000aa","job":3"#,
            #""loaded_at":"2023-11-14T22:13:21.005Z""#,
        ] { #expect(status.body.contains(part)) }
        let list = ask("GET", "/v1/models")
        #expect(list.body.contains(#"{"models":[{"name":"films","model_version_status":[{"#))
    }

    @Test func saysWhyNothingIsServed() throws {
        #expect(ask("GET", "/v1/models").body == "{\"models\":[]}\n")
        #expect(
            ask("POST", "/v1/models/films:recommend", "{}").body
                == "{\"error\":\"no model is named films; there are: none\"}\n")
        try directory.overwrite("films/7/users.safetensors", with: [1, 2, 3])
        poll()
        let answer = ask("POST", "/v1/models/films:recommend", "{}")
        #expect(answer.status == 503)
        #expect(answer.body.contains("no version of model films is loaded; version 7: "))
    }

    @Test func predicts() throws {
        let writer = try ArtifactWriter(
            target: directory.path + "/films/9", files: directory.files)
        try LogisticExportWriter(writer, bias: 0).append(keys: [3], weights: [1])
        _ = try writer.finish(ExportFixture.manifest(kind: "logistic-regression"))
        poll()
        let answer = ask(
            "POST", "/v1/models/films:predict",
            #"{"instances": [{"keys": [8]}, {"keys": [3], "values": [0]}]}"#)
        #expect(
            answer.body
                == #"{"model":{"name":"films","version":9},"predictions":[0.5,0.5]}"# + "\n")
        #expect(ask("POST", "/v1/models/films:recommend", "{}").status == 400)
    }

    @Test(.timeLimit(.minutes(1))) func answersOverASocket() async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(
            host: "127.0.0.1", port: 0,
            routes: ServingRoutes(catalog: catalog, metrics: registry).routes, registry: registry,
            logger: logger, readiness: { [catalog] in catalog.snapshot.readiness }
        ) { continuation.yield($1) }
        let services = ServiceGroup(services: [server, watcher], logger: logger)
        async let running: Void = services.run()
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        while catalog.snapshot.readiness != .ready { await Task.yield() }
        #expect(try post(port, "/v1/models/films:recommend", #"{"user": 100}"#).contains("200 OK"))
        let text = try post(port, "/v1/models/films:recommend", #"{"user": }"#)
        #expect(text.contains("400 Bad Request") && text.contains("the body is not JSON"))
        await services.triggerGracefulShutdown()
        try await running
    }
}
