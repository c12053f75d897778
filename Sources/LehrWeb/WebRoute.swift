/// A method, the shape of a path, and the function that answers.
///
/// A handler runs on the event loop's only thread: it computes from values it holds already and
/// never waits.
package struct WebRoute: Sendable {
    package typealias Handler = @Sendable (WebRequest) -> WebResponse

    package let method: String
    package let pattern: RoutePattern
    package let handler: Handler

    package init(method: String, pattern: RoutePattern, handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }

    /// Answers GET, and HEAD with the same head and no body.
    package static func get(_ pattern: String, _ handler: @escaping Handler) -> WebRoute {
        WebRoute(method: "GET", pattern: RoutePattern(pattern), handler: handler)
    }

    package static func post(_ pattern: String, _ handler: @escaping Handler) -> WebRoute {
        WebRoute(method: "POST", pattern: RoutePattern(pattern), handler: handler)
    }
}
