package import LehrWire

/// A `ServerDuplex` that knows the types of its messages.
package struct DuplexStream<Request: WireMessage, Response: WireMessage> {
    package let untyped: any ServerDuplex

    init(_ untyped: any ServerDuplex) { self.untyped = untyped }

    /// Hands over the messages of the caller and then their end; each lives until `onMessage`
    /// returns. Bytes that are not a message end the call with INVALID_ARGUMENT.
    package func read(
        onMessage: @escaping (UnsafePointer<Request>) -> Void, onEnd: @escaping () -> Void
    ) {
        untyped.onMessage = { [weak untyped] bytes in
            let arena = WireArena()
            do throws(WireError) {
                onMessage(try Request.decode(bytes, in: arena))
            } catch {
                untyped?.finish(RPCError(.invalidArgument, "\(error)"))
            }
            withExtendedLifetime(arena) {}
        }
        untyped.onEnd = onEnd
    }

    package func request(_ count: Int) { untyped.request(count) }

    package func send(_ fill: (inout Response, WireArena) -> Void) {
        untyped.send(Response.encode(fill))
    }

    package func finish(_ error: RPCError? = nil) { untyped.finish(error) }
}

/// A `ClientStream` that knows the type of what it sends.
package struct RequestStream<Request: WireMessage> {
    package let untyped: any ClientStream

    package func send(_ fill: (inout Request, WireArena) -> Void) {
        untyped.send(Request.encode(fill))
    }

    package func finishSending() { untyped.finishSending() }

    package func request(_ count: Int) { untyped.request(count) }
}

extension ServiceTable {
    /// Answers a method that reads and writes any number of messages.
    package func bidirectional<Q, P>(
        _ method: Method<Q, P>, _ body: @escaping (CallContext, DuplexStream<Q, P>) -> Void
    ) {
        register(
            method.path,
            .bidirectional { context, stream in body(context, DuplexStream(stream)) })
    }
}

extension Channel {
    /// A typed call with messages both ways; each of the answer lives until `onMessage` returns.
    package func bidirectional<Q, P>(
        _ method: Method<Q, P>, _ options: CallOptions = CallOptions(timeout: nil),
        onMessage: @escaping (UnsafePointer<P>) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> RequestStream<Q> {
        weak var call: (any ClientStream)?
        var failure: RPCError?
        let started = bidirectional(method.path, options) { [arenas] bytes in
            arenas.withArena { arena in
                switch decoded(P.self, bytes, arena) {
                case .success(let message): onMessage(message)
                case .failure(let error):
                    failure = failure ?? error
                    call?.cancel()
                }
            }
        } onEnd: { error in
            onEnd(failure ?? error)
        }
        call = started
        return RequestStream(untyped: started)
    }
}
