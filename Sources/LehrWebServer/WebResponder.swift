import CoreMetrics
import HTTPTypes
import Hummingbird
import LehrCore
import LehrWeb
import NIOCore

/// Between Hummingbird and the route table: reads the body, asks the table, counts and times.
struct WebResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let table: RouteTable
    let registry: PrometheusRegistry
    let limits: WebLimits
    let clock: any MonotonicClock

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let start = clock.now
        let (answer, route) = await answer(to: request)
        let code = String(answer.status)
        Counter(
            label: "lehr_http_requests_total", dimensions: [("route", route), ("code", code)],
            factory: registry
        ).increment()
        Timer(
            label: "lehr_http_request_duration_seconds", dimensions: [("route", route)],
            factory: registry
        ).recordNanoseconds((clock.now - start).nanoseconds)
        let response = Self.response(answer)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(to request: Request) async -> (response: WebResponse, route: String) {
        let tooLong = WebResponse.error(
            413, "the body is longer than \(limits.bodyBytes) bytes, the most this door reads")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > limits.bodyBytes
        {
            return (tooLong, "none")
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: limits.bodyBytes)
        } catch is NIOTooManyBytesError {
            return (tooLong, "none")
        } catch {
            return (.error(400, "the body could not be read to its end"), "none")
        }
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { "\($0), \(field.value)" } ?? field.value
        }
        guard
            let request = WebRequest(
                method: request.method.rawValue, target: request.head.path ?? "/",
                headers: headers, body: Array(body.readableBytesView))
        else { return (.error(400, "the query has a broken percent escape"), "none") }
        return table.respond(to: request)
    }

    private static func response(_ answer: WebResponse) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }
}
