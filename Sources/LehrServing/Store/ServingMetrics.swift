import LehrCore
package import Metrics

/// What serving tells of itself, under names that start with `lehr_serving_`.
///
/// The label `model` is a name in the model directory, or `unknown`: never what a request says.
package struct ServingMetrics: Sendable {
    private let factory: any MetricsFactory

    package init(factory: any MetricsFactory) { self.factory = factory }

    func loaded(_ id: ModelVersion, _ model: ServingModel, duration: Duration) {
        gauge("model_version", id.name, Double(id.version))
        gauge("model_bytes", id.name, Double(model.byteCount))
        if case .recommend(let engine) = model.engine {
            gauge("model_items", id.name, Double(engine.itemCount))
            gauge("model_users", id.name, Double(engine.userCount))
        }
        timer("model_load_duration_seconds", id.name).recordNanoseconds(duration.nanoseconds)
        counter("model_loads_total", [("model", id.name), ("result", "success")])
    }

    func failed(_ id: ModelVersion) {
        counter("model_loads_total", [("model", id.name), ("result", "failure")])
    }

    func answered(model: String?, code: Int, duration: Duration) {
        let name = model ?? "unknown"
        counter("requests_total", [("model", name), ("code", String(code))])
        timer("request_duration_seconds", name).recordNanoseconds(duration.nanoseconds)
    }

    /// Tells on what recommendations rested.
    func recommended(model: String, source: Recommendation.Source) {
        counter("recommendations_total", [("model", model), ("source", source.rawValue)])
    }

    private func counter(_ name: String, _ labels: [(String, String)]) {
        Counter(label: "lehr_serving_" + name, dimensions: labels, factory: factory).increment()
    }

    private func gauge(_ name: String, _ model: String, _ value: Double) {
        Gauge(label: "lehr_serving_" + name, dimensions: [("model", model)], factory: factory)
            .record(value)
    }

    private func timer(_ name: String, _ model: String) -> Timer {
        Timer(label: "lehr_serving_" + name, dimensions: [("model", model)], factory: factory)
    }
}
