/// Whether a role can do its work at this moment.
package enum Readiness: Hashable, Sendable {
    case ready
    /// Not yet, or no longer; `reason` is shown to people.
    case notReady(reason: String)
}

extension WebRoute {
    /// The routes that every role has.
    ///
    /// - `/healthz`: 200 as long as the process can answer at all.
    /// - `/readyz`: 200, or 503 with the reason while `readiness` says so.
    /// - `/metrics`: the registry in the Prometheus text format.
    package static func standard(
        registry: PrometheusRegistry, readiness: @escaping @Sendable () -> Readiness
    ) -> [WebRoute] {
        [
            .get("/healthz") { _ in .json { $0.field("status", "ok") } },
            .get("/readyz") { _ in
                switch readiness() {
                case .ready: .json { $0.field("status", "ready") }
                case .notReady(let reason): .error(503, reason)
                }
            },
            .get("/metrics") { _ in
                WebResponse(
                    contentType: PrometheusText.contentType, body: registry.exposition())
            },
        ]
    }
}
