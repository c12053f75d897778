/// Finds the handler of a request, or says why there is none.
package struct RouteTable: Sendable {
    private struct Entry: Sendable {
        let pattern: RoutePattern
        var handlers: [String: WebRoute.Handler]
    }

    private let entries: [Entry]

    /// Of two routes with the same method and pattern the first counts.
    package init(_ routes: [WebRoute]) {
        var handlers: [RoutePattern: [String: WebRoute.Handler]] = [:]
        for route in routes {
            handlers[route.pattern, default: [:]][route.method] =
                handlers[route.pattern]?[route.method] ?? route.handler
        }
        entries = handlers.map { Entry(pattern: $0, handlers: $1) }
            .sorted { $0.pattern.precedes($1.pattern) }
    }

    /// Answers `request`: by its handler, 400 for a broken path, 404 for an unknown one, or 405.
    ///
    /// `route` is the matched pattern, a name of bounded variety for metrics.
    package func respond(to request: WebRequest) -> (response: WebResponse, route: String) {
        var segments: [String] = []
        for segment in request.path.split(separator: "/") {
            guard let text = percentDecoded(segment) else {
                return (.error(400, "the path has a broken percent escape"), "none")
            }
            segments.append(text)
        }
        for entry in entries {
            guard let parameters = entry.pattern.match(segments) else { continue }
            let name = request.method == "HEAD" ? "GET" : request.method
            guard let handler = entry.handlers[name] else {
                return (Self.refusal(of: request, entry: entry), entry.pattern.description)
            }
            var matched = request
            matched.parameters = parameters
            return (handler(matched), entry.pattern.description)
        }
        return (.error(404, "nothing is served at \(request.path)"), "none")
    }

    private static func refusal(of request: WebRequest, entry: Entry) -> WebResponse {
        let allowed = entry.handlers.keys.sorted()
            .map { $0 == "GET" ? "GET, HEAD" : $0 }.joined(separator: ", ")
        var response = WebResponse.error(
            405, "\(request.path) does not answer \(request.method); it answers \(allowed)")
        response.headers.append((name: "allow", value: allowed))
        return response
    }
}
