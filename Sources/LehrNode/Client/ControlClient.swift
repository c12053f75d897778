import CLehrWire
import LehrCluster
import LehrCore
import LehrHTTP2
import LehrMembership
import LehrRPC
import LehrWire
import Synchronization

/// A program's connection to a cluster: asynchronous calls over a core of its own.
final class ControlClient: Sendable {
    private let settings: ClientSettings
    private let host: CoreHost

    private init(_ settings: ClientSettings, host: CoreHost) {
        self.settings = settings
        self.host = host
    }

    /// Runs `body` with a client and ends its core afterwards. Nothing is sent yet: an unreachable
    /// coordinator shows at the first call.
    static func with<Value: Sendable>(
        _ settings: ClientSettings, _ body: (ControlClient) async throws -> Value
    ) async throws -> Value {
        let host = try await CoreHost.start(name: "lehr-client", security: settings.security)
        let client = ControlClient(settings, host: host)
        do {
            let value = try await body(client)
            await client.host.shutDown(grace: .zero)
            return value
        } catch {
            await client.host.shutDown(grace: .zero)
            throw error
        }
    }

    // MARK: - Calls

    /// A unary call to `address`, by default the coordinator; `read` sees the answer while it lives.
    /// With `isIdempotent` it is made a few times if nobody is there.
    func call<Q, P, Value: Sendable>(
        _ method: Method<Q, P>, to address: String? = nil, timeout: Duration = .seconds(10),
        isIdempotent: Bool = false,
        _ fill: @escaping @Sendable (inout Q, WireArena) -> Void = { _, _ in },
        read: @escaping @Sendable (P) throws -> Value
    ) async throws -> Value {
        let credentials = try credentials(for: address)
        let address = address ?? settings.coordinator
        return try await host.start { transport, finish in
            var options = CallOptions(timeout: timeout, metadata: credentials)
            if isIdempotent { options.repetition = .retry(RetryPolicy()) }
            transport.channel(to: address).unary(method, options, fill) { result in
                finish(
                    Result {
                        do { return try read(try result.get().pointee) } catch let error as RPCError
                        {
                            throw ClientError(error, address: address)
                        }
                    })
            }
        }
    }

    /// The messages of a server stream, as `read` makes them.
    func stream<Q, P, Value: Sendable>(
        _ method: Method<Q, P>, to address: String? = nil,
        _ fill: @escaping @Sendable (inout Q, WireArena) -> Void,
        read: @escaping @Sendable (P) throws -> Value
    ) -> AsyncThrowingStream<Value, any Error> {
        let (stream, continuation) = AsyncThrowingStream<Value, any Error>.makeStream()
        let options: CallOptions
        do {
            options = CallOptions(timeout: nil, metadata: try credentials(for: address))
        } catch {
            continuation.finish(throwing: error)
            return stream
        }
        let address = address ?? settings.coordinator
        let isTaken = host.mailboxRun { transport in
            transport.channel(to: address).serverStreaming(
                method, options, fill,
                onMessage: { message in
                    do { continuation.yield(try read(message.pointee)) } catch {
                        continuation.finish(throwing: error)
                    }
                },
                onEnd: { error in
                    continuation.finish(throwing: error.map { ClientError($0, address: address) })
                })
        }
        if !isTaken { continuation.finish(throwing: CancellationError()) }
        return stream
    }

    /// Throws where shards would not take what this client can show.
    func requireShards() throws(ClientError) {
        guard let security = settings.security, security.isAnonymous else { return }
        throw ClientError(
            """
            shards ask for a certificate, and a token is for the coordinator only; give --tls-cert \
            and --tls-key (`lehr certs issue client NAME` makes a file that is both)
            """)
    }

    /// What is shown to `address`, which is a shard's; nil: the coordinator.
    private func credentials(for address: String?) throws(ClientError) -> Metadata {
        guard address == nil else {
            try requireShards()
            return Metadata()
        }
        guard let token = settings.token else { return Metadata() }
        return try token.credentials(
            for: settings.coordinator, isEncrypted: settings.isEncrypted)
    }

    /// Runs `body` on the client's core, as for a `TableClient`.
    func start<Value: Sendable>(
        _ body:
            @escaping @Sendable (
                HTTP2Transport, @escaping @Sendable (Result<Value, any Error>) -> Void
            ) -> Void
    ) async throws -> Value {
        try await host.start(body)
    }
}

/// A call that failed, for a person: what, where, and what to do.
struct ClientError: Error, CustomStringConvertible {
    let code: StatusCode
    let description: String

    init(_ error: RPCError, address: String) {
        code = error.code
        switch error.code {
        case .unavailable, .deadlineExceeded:
            description = """
                no answer from \(address): \(error.message)
                If none runs there, `lehr coordinator` starts one; --coordinator HOST:PORT or \
                LEHR_COORDINATOR names another.
                """
        default: description = error.message
        }
    }

    init(_ description: String) {
        code = .unknown
        self.description = description
    }
}
