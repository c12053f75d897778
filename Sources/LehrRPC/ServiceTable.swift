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

    private var handlers: [String: Handler] = [:]
    private let arenas = ArenaPool()

    package init() {}

    package subscript(path: String) -> Handler? { handlers[path] }

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
        register(
            method.path,
            .unary { [arenas] context, bytes, responder in
                arenas.withArena { arena in
                    do throws(WireError) {
                        let request = try Q.decode(bytes, in: arena)
                        body(context, request.pointee, Responder(responder, arenas))
                    } catch {
                        responder.fail(.invalidArgument, "\(error)")
                    }
                }
            })
    }

    /// Answers a server-streaming method; the request lives until `body` returns.
    package func serverStreaming<Q, P>(
        _ method: Method<Q, P>,
        _ body: @escaping (CallContext, borrowing Q, MessageStream<P>) -> Void
    ) {
        register(
            method.path,
            .serverStreaming { [arenas] context, bytes, stream in
                arenas.withArena { arena in
                    do throws(WireError) {
                        let request = try Q.decode(bytes, in: arena)
                        body(context, request.pointee, MessageStream(stream, arenas))
                    } catch {
                        stream.finish(RPCError(.invalidArgument, "\(error)"))
                    }
                }
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
