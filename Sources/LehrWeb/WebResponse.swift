/// What a handler answers: a status, a body and its type.
package struct WebResponse: Sendable {
    /// The HTTP status code, 200 to 599.
    package var status: Int
    package var contentType: String
    package var body: [UInt8]
    /// Further header fields.
    package var headers: [(name: String, value: String)]

    package init(
        status: Int = 200, contentType: String, body: [UInt8],
        headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }

    /// A JSON object whose fields `body` writes.
    package static func json(
        status: Int = 200, _ body: (inout JSONWriter) -> Void
    ) -> WebResponse {
        var writer = JSONWriter()
        writer.object(body)
        writer.endLine()
        return WebResponse(status: status, contentType: "application/json", body: writer.bytes)
    }

    package static func text(status: Int = 200, _ text: String) -> WebResponse {
        WebResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// `{"error": message}`, the body of every failure.
    package static func error(_ status: Int, _ message: String) -> WebResponse {
        json(status: status) { $0.field("error", message) }
    }
}
