import LehrArtifact
package import LehrCore
import LehrServing
import LehrWeb
import Metrics

/// Two small exports, questions to them, and what the answers are.
package struct ServedModels {
    package struct Question {
        let request: WebRequest
        /// The bytes of the answer.
        package let expected: [UInt8]
    }

    package static let directory = "/models"
    package let questions: [Question]

    private static let films = (users: 12, items: 40, dimension: 6)

    /// Writes the exports and asks them, with no cluster around.
    package init(in files: any FileSystem) throws {
        var random = RandomSource(seed: 17)
        try Self.writeFilms(files, &random)
        try Self.writeClicks(files, &random)
        let catalog = ModelCatalog()
        let metrics = NOOPMetricsHandler.instance
        let watcher = ModelWatcher(
            directory: ModelDirectory(root: Self.directory, files: files), catalog: catalog,
            metrics: metrics, wallClock: { 0 }, logger: .silent)
        var state = ModelWatcher.State()
        watcher.poll(&state)
        let table = RouteTable(ServingRoutes(catalog: catalog, metrics: metrics).routes)
        questions = Self.requests.map { request in
            let answer = table.respond(to: request).response
            precondition(answer.status == 200, "an undisturbed model answers")
            return Question(request: request, expected: answer.body)
        }
    }

    /// Of a user that is known, of one that is not and has a history, of a stranger, and of examples.
    private static let requests = [
        ("films:recommend", #"{"user": 103, "k": 5}"#),
        ("films:recommend", #"{"user": 9, "features": {"history": [1007, 1021]}, "k": 8}"#),
        ("films:recommend", #"{"k": 3, "exclude": [1014]}"#),
        ("clicks:predict", #"{"instances": [{"keys": [3], "values": [0.5]}, {"keys": [4]}]}"#),
    ].map { verb, body in
        WebRequest(method: "POST", path: "/v1/models/\(verb)", body: Array(body.utf8))
    }

    private static func writeFilms(_ files: any FileSystem, _ random: inout RandomSource) throws {
        let writer = try ArtifactWriter(target: directory + "/films/7", files: files)
        let export = try TwoTowerExportWriter(writer, dimension: films.dimension)
        func vectors(_ count: Int) -> [Float] {
            (0..<count * films.dimension).map { _ in random.uniform() * 2 - 1 }
        }
        let items = 0..<films.items
        try export.appendItems(
            keys: items.map { UInt64(1000 + 7 * $0) }, vectors: vectors(films.items),
            counts: items.map { UInt64(3 * $0 % 17) }, titles: items.map { "film \($0)" })
        try export.appendUsers(
            keys: (0..<films.users).map { UInt64(100 + $0) }, vectors: vectors(films.users),
            seen: (0..<films.users).map { [Int32($0), Int32($0 + 1)] })
        _ = try writer.finish(manifest("films", ExportLayout.TwoTower.kind))
    }

    private static func writeClicks(_ files: any FileSystem, _ random: inout RandomSource) throws {
        let writer = try ArtifactWriter(target: directory + "/clicks/1", files: files)
        let export = try LogisticExportWriter(writer, bias: 0.25)
        let keys = (0..<30).map { UInt64($0) }
        try export.append(keys: keys, weights: keys.map { _ in random.uniform() * 2 - 1 })
        _ = try writer.finish(manifest("clicks", ExportLayout.LogisticRegression.kind))
    }

    private static func manifest(_ name: String, _ kind: String) -> Manifest {
        Manifest(
            model: ModelIdentity(
                name: name, version: 1, createdMilliseconds: 0, cluster: "0000000000000001",
                job: 1),
            spec: ModelDescription(kind: kind, text: "simulated"), metrics: [:])
    }
}
