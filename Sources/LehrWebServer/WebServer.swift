import Glibc
import Hummingbird
import HummingbirdCore
import LehrCore
package import LehrWeb
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// An HTTP/1.1 door for people, browsers and `curl`: one event-loop thread, synchronous handlers.
///
/// `run` listens until graceful shutdown, then answers the requests under way for at most
/// `WebLimits.drain` and returns. Beside the routes it is given it serves `/healthz`, `/readyz`
/// and `/metrics`, and counts requests by route and code. Errors are JSON: `{"error": "..."}`.
package struct WebServer: Service {
    package let host: String
    /// 0 lets the system choose; `onListening` tells which port it chose.
    package let port: Int
    private let responder: WebResponder
    private let logger: Logger
    private let onListening: @Sendable (_ host: String, _ port: Int) -> Void

    /// `readiness` and the handlers run on the event loop and must not wait; `onListening` is
    /// called once, with the address bound.
    package init(
        host: String, port: Int, routes: [WebRoute], registry: PrometheusRegistry,
        limits: WebLimits = WebLimits(), logger: Logger,
        readiness: @escaping @Sendable () -> Readiness = { .ready },
        onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void = { _, _ in }
    ) {
        self.host = host
        self.port = port
        self.logger = logger
        self.onListening = onListening
        let standard = WebRoute.standard(registry: registry, readiness: readiness)
        responder = WebResponder(
            table: RouteTable(routes + standard), registry: registry, limits: limits,
            clock: SystemClock())
    }

    /// Throws `WebError.cannotListen` when the address cannot be bound.
    package func run() async throws {
        let hasListened = Atomic(false)
        do {
            try await withTaskExecutorPreference(WebEventLoop.shared) {
                try await serve { channel in
                    hasListened.store(true, ordering: .relaxed)
                    let bound = channel.localAddress?.port ?? port
                    logger.info(
                        "http door open",
                        metadata: ["http.host": "\(host)", "http.port": "\(bound)"])
                    onListening(host, bound)
                }
            }
        } catch {
            guard !hasListened.load(ordering: .relaxed), !(error is CancellationError) else {
                throw error
            }
            throw WebError.cannotListen(host: host, port: port, reason: Self.reason(of: error))
        }
    }

    /// Runs the Hummingbird application; once shutdown has begun, for at most `limits.drain`.
    private func serve(onRunning: @escaping @Sendable (any Channel) -> Void) async throws {
        // Hummingbird tells of each start at info; this type says it in the project's own words.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let limits = responder.limits
        var channel = HTTP1Channel.Configuration(idleTimeout: TimeAmount(limits.idle))
        channel.httpDecoder = .init(
            maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
            maxHeaderFieldCount: limits.headerFields)
        let application = Application(
            responder: responder, server: .http1(configuration: channel),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: .maximum(limits.connections, logger: quiet)),
            onServerRunning: { onRunning($0) },
            eventLoopGroupProvider: .shared(WebEventLoop.shared.group), logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: limits.drain)
            }
            // Whichever ends first ends the other: the application because it has drained or
            // failed, the timer because draining took too long.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func reason(of error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return String(cString: strerror(error.errnoCode))
    }
}
