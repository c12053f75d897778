package import LehrCore
package import LehrWeb
package import Metrics

/// Serving's HTTP interface, over the snapshot of the moment.
///
/// - `GET /v1/models` and `GET /v1/models/NAME`: what is served, since when, and what failed.
/// - `POST /v1/models/NAME:recommend`: the best items for a user.
/// - `POST /v1/models/NAME:predict`: the probability of each example.
package struct ServingRoutes: Sendable {
    private let catalog: ModelCatalog
    private let metrics: ServingMetrics
    private let clock: any MonotonicClock

    package init(
        catalog: ModelCatalog, metrics: any MetricsFactory,
        clock: any MonotonicClock = SystemClock()
    ) {
        self.catalog = catalog
        self.metrics = ServingMetrics(factory: metrics)
        self.clock = clock
    }

    package var routes: [WebRoute] {
        [
            .get("/v1/models") { _ in ModelStatus.list(catalog.snapshot) },
            .get("/v1/models/{name}") { ModelStatus.one(name($0), catalog.snapshot) },
            .post("/v1/models/{name}:recommend") { answer($0, by: recommend) },
            .post("/v1/models/{name}:predict") { answer($0, by: predict) },
        ]
    }

    private func name(_ request: WebRequest) -> String { request.parameters["name"] ?? "" }

    /// Finds the model that the path names, lets `method` answer, and counts the answer.
    private func answer(
        _ request: WebRequest,
        by method: (String, ModelSnapshot.Served, [UInt8]) throws(RequestError) -> WebResponse
    ) -> WebResponse {
        let start = clock.now
        let snapshot = catalog.snapshot
        let name = name(request)
        let model = snapshot.models[name]
        let response: WebResponse
        if let served = model?.served {
            do throws(RequestError) { response = try method(name, served, request.body) } catch {
                response = .error(400, error.description)
            }
        } else {
            response = ModelStatus.absence(of: name, in: snapshot)
        }
        metrics.answered(
            model: model == nil ? nil : name, code: response.status, duration: clock.now - start)
        return response
    }

    private func recommend(
        _ name: String, _ served: ModelSnapshot.Served, _ body: [UInt8]
    ) throws(RequestError) -> WebResponse {
        guard case .recommend(let engine) = served.model.engine else {
            throw .wrongKind(model: name, kind: served.model.kind, verb: "recommend")
        }
        let request = try RecommendRequest.parse(body)
        let answer = engine.recommend(request.query)
        metrics.recommended(model: name, source: answer.source)
        return .json { json in
            json.field("model") { ModelStatus.identity(name, served, into: &$0) }
            if let user = request.user { json.field("user") { $0.value(user) } }
            json.field("source", answer.source.rawValue)
            json.field("items") { list in
                list.array { list in
                    for item in answer.items {
                        list.object {
                            $0.field("item") { $0.value(EntityKey.number(item.key)) }
                            $0.field("title", item.title)
                            $0.field("score", item.score)
                        }
                    }
                }
            }
        }
    }

    private func predict(
        _ name: String, _ served: ModelSnapshot.Served, _ body: [UInt8]
    ) throws(RequestError) -> WebResponse {
        guard case .predict(let engine) = served.model.engine else {
            throw .wrongKind(model: name, kind: served.model.kind, verb: "predict")
        }
        let instances = try PredictRequest.parse(body).instances
        var offsets: [Int32] = [0]
        for instance in instances {
            offsets.append((offsets.last ?? 0) + Int32(instance.keys.count))
        }
        let probabilities = engine.probabilities(
            offsets: offsets, keys: instances.flatMap { $0.keys.map { $0.key } },
            values: instances.flatMap { $0.values })
        return .json { json in
            json.field("model") { ModelStatus.identity(name, served, into: &$0) }
            json.field("predictions") { list in
                list.array { list in for value in probabilities { list.value(value) } }
            }
        }
    }
}
