import LehrWire

/// `grpc.health.v1.Health`: whether a server, and each service of it, can be called.
///
/// The empty name is the whole server. Belongs to the core whose `ServiceTable` it is in.
package final class HealthService {
    package enum Status: Int, Sendable {
        case unknown, serving, notServing
        /// For watchers of a name that is not known, or not yet.
        case serviceUnknown
    }

    private final class Watcher {
        let stream: any ServerStream
        var told: Status?

        init(_ stream: any ServerStream) { self.stream = stream }
    }

    static let checkPath = "/grpc.health.v1.Health/Check"
    static let watchPath = "/grpc.health.v1.Health/Watch"

    private var statuses: [String: Status] = ["": .serving]
    private var isStopping = false
    private var watchers: [String: [ObjectIdentifier: Watcher]] = [:]

    package init() {}

    /// What callers are told from now on; nil: there is no such service.
    package subscript(service: String) -> Status? {
        get { statuses[service] }
        set {
            guard !isStopping else { return }
            statuses[service] = newValue
            for watcher in watchers[service, default: [:]].values { tell(watcher, service) }
        }
    }

    /// Nothing is served from now on, whatever is said later; the watchers hear it at once.
    package func stop() {
        isStopping = true
        for service in statuses.keys { statuses[service] = .notServing }
        for (service, others) in watchers {
            for watcher in others.values { tell(watcher, service) }
        }
    }

    /// Watches in progress.
    package var watcherCount: Int { watchers.values.reduce(0) { $0 + $1.count } }

    package func register(in table: ServiceTable) {
        table.register(
            Self.checkPath, .unary { [self] _, bytes, responder in check(bytes, responder) })
        table.register(
            Self.watchPath, .serverStreaming { [self] _, bytes, stream in watch(bytes, stream) })
    }

    private func check(_ bytes: [UInt8], _ responder: UnaryResponder) {
        do throws(WireError) {
            let service = try Self.service(bytes)
            guard let status = statuses[service] else {
                return responder.fail(.notFound, "there is no service '\(service)' here")
            }
            responder.succeed(Self.response(status))
        } catch {
            responder.fail(.invalidArgument, "\(error)")
        }
    }

    private func watch(_ bytes: [UInt8], _ stream: any ServerStream) {
        do throws(WireError) {
            let service = try Self.service(bytes)
            let watcher = Watcher(stream)
            let id = ObjectIdentifier(watcher)
            watchers[service, default: [:]][id] = watcher
            stream.onCancel = { [weak self] in self?.forget(id, service) }
            tell(watcher, service)
        } catch {
            stream.finish(RPCError(.invalidArgument, "\(error)"))
        }
    }

    private func forget(_ id: ObjectIdentifier, _ service: String) {
        watchers[service]?[id] = nil
        if watchers[service]?.isEmpty == true { watchers[service] = nil }
    }

    /// Sends what has changed. A watcher that reads slowly gets the last status, not each one.
    private func tell(_ watcher: Watcher, _ service: String) {
        let status = statuses[service] ?? .serviceUnknown
        guard status != watcher.told else { return }
        guard watcher.stream.isWritable else {
            watcher.stream.onWritable = { [weak self, weak watcher] in
                guard let watcher else { return }
                self?.tell(watcher, service)
            }
            return
        }
        watcher.told = status
        watcher.stream.send(Self.response(status))
    }

    /// Field 1 of a HealthCheckRequest.
    private static func service(_ bytes: [UInt8]) throws(WireError) -> String {
        var service = ""
        var reader = FieldReader(bytes)
        while let (field, value) = try reader.next() {
            if field == 1 { service = try value.checkedText() }
        }
        return service
    }

    private static func response(_ status: Status) -> [UInt8] {
        var response = FieldWriter()
        response.append(1, status.rawValue)
        return response.bytes
    }
}
