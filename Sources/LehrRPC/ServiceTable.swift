package import LehrWire

/// The methods that a server answers, by path. Filled before it listens.
package final class ServiceTable {
    package typealias UnaryHandler = (CallContext, [UInt8], UnaryResponder) -> Void
    package typealias StreamHandler = (CallContext, [UInt8], any ServerStream) -> Void
    package typealias DuplexHandler = (CallContext, any ServerDuplex) -> Void

    package enum Handler {
        case unary(UnaryHandler)
        case serverStreaming(StreamHandler)
        /// Reads as many messages as it likes, one included, and so serves client streaming too.
        case bidirectional(DuplexHandler)
    }

    /// A method as a transport finds it.
    package final class Route {
        /// To be called once `admit` has let the call through.
        package let handler: Handler
        private let path: String
        private let rule: AuthorizationTable.Rule?
        private let authorizer: Authorizer?

        fileprivate init(_ path: String, _ handler: Handler, _ authorizer: Authorizer?) {
            self.path = path
            self.handler = handler
            self.authorizer = authorizer
            rule = authorizer?.rule(for: path)
        }

        /// Lets a call through whose head has arrived, or throws what it ends with, before any of
        /// its messages is taken; see `Authorizer`.
        package func admit(
            _ identity: PeerIdentity?, peer: String, _ metadata: inout Metadata
        ) throws(RPCError) -> PeerIdentity? {
            guard let authorizer else { return identity }
            return try authorizer.admit(path, rule, identity: identity, peer: peer, &metadata)
        }
    }

    private var handlers: [String: Handler] = [:]
    private let arenas = ArenaPool()
    /// Judges every call; nil: nobody is asked. To be set before the table is served.
    package var authorizer: Authorizer?

    package init() {}

    /// For transports, which ask the route to admit each call.
    package func route(_ path: String) -> Route? {
        handlers[path].map { Route(path, $0, authorizer) }
    }

    /// What is registered, in no order.
    package var paths: [String] { Array(handlers.keys) }

    package func register(_ path: String, _ handler: Handler) {
        precondition(handlers[path] == nil, "a method is registered once")
        handlers[path] = handler
    }

    /// Answers a unary method; the request lives until `body` returns.
    package func unary<Q, P>(
        _ method: Method<Q, P>,
        _ body: @escaping (CallContext, borrowing Q, Responder<P>) -> Void
    ) {
        register(method.path, .unary(handler(body)))
    }

    /// Answers a method whose messages go both ways, each message with one, before the next is read; the
    /// request lives until `body` returns. A failure ends the call.
    package func exchange<Q, P>(
        _ method: Method<Q, P>,
        _ body: @escaping (CallContext, borrowing Q, Responder<P>) -> Void
    ) {
        let handler = handler(body)
        register(
            method.path,
            .bidirectional { context, stream in Exchange(stream, context, handler).begin() })
    }

    private func handler<Q: WireMessage, P: WireMessage>(
        _ body: @escaping (CallContext, borrowing Q, Responder<P>) -> Void
    ) -> UnaryHandler {
        { [arenas] context, bytes, responder in
            let arena = arenas.take()
            do throws(WireError) {
                let request = try Q.decode(bytes, in: arena)
                body(context, request.pointee, Responder(responder, arenas))
            } catch {
                responder.fail(.invalidArgument, "\(error)")
            }
            arenas.give(arena)
        }
    }

    /// Answers a server-streaming method; the request lives until `body` returns.
    package func serverStreaming<Q, P>(
        _ method: Method<Q, P>,
        _ body: @escaping (CallContext, borrowing Q, MessageStream<P>) -> Void
    ) {
        register(
            method.path,
            .serverStreaming { [arenas] context, bytes, stream in
                let arena = arenas.take()
                do throws(WireError) {
                    let request = try Q.decode(bytes, in: arena)
                    body(context, request.pointee, MessageStream(stream, arenas))
                } catch {
                    stream.finish(RPCError(.invalidArgument, "\(error)"))
                }
                arenas.give(arena)
            })
    }
}

/// A `UnaryResponder` that knows the type of its answer.
package struct Responder<Response: WireMessage> {
    package let untyped: UnaryResponder
    private let arenas: ArenaPool

    init(_ untyped: UnaryResponder, _ arenas: ArenaPool) {
        self.untyped = untyped
        self.arenas = arenas
    }

    package func succeed(_ fill: (inout Response, WireArena) -> Void) {
        guard untyped.isOpen else { return }
        untyped.succeed(arenas.encode(fill))
    }

    package func fail(_ code: StatusCode, _ message: String) { untyped.fail(code, message) }

    package func fail(_ error: RPCError) { untyped.finish(.failure(error)) }
}

/// A `ServerStream` that knows the type of its messages.
package struct MessageStream<Response: WireMessage> {
    package let untyped: any ServerStream
    private let arenas: ArenaPool

    init(_ untyped: any ServerStream, _ arenas: ArenaPool) {
        self.untyped = untyped
        self.arenas = arenas
    }

    package func send(_ fill: (inout Response, WireArena) -> Void) {
        untyped.send(arenas.encode(fill))
    }

    package func finish(_ error: RPCError? = nil) { untyped.finish(error) }
}
