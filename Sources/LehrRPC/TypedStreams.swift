package import LehrWire

extension Channel {
    /// A typed server-streaming call; each message lives until `onMessage` returns.
    @discardableResult
    package func serverStreaming<Q, P>(
        _ method: Method<Q, P>, _ options: CallOptions = CallOptions(timeout: nil),
        _ fill: (inout Q, WireArena) -> Void,
        onMessage: @escaping (UnsafePointer<P>) -> Void,
        onEnd: @escaping (RPCError?) -> Void
    ) -> any Call {
        let reader = AnswerReader(arenas, onMessage, onEnd)
        let call = serverStreaming(
            method.path, arenas.encode(fill), options, onMessage: { reader.read($0) },
            onEnd: { reader.end($0) })
        reader.call = call
        return call
    }

    /// A typed call whose messages go both ways; each answer lives until `onMessage` returns.
    package func bidirectional<Q, P>(
        _ method: Method<Q, P>, _ options: CallOptions = CallOptions(timeout: nil),
        onMessage: @escaping (UnsafePointer<P>) -> Void,
        onEnd: @escaping (RPCError?) -> Void
    ) -> RequestStream<Q> {
        let reader = AnswerReader(arenas, onMessage, onEnd)
        let call = bidirectional(
            method.path, options, onMessage: { reader.read($0) }, onEnd: { reader.end($0) })
        reader.call = call
        return RequestStream(call, arenas)
    }
}

/// A `ClientStream` that knows the type of its messages.
package struct RequestStream<Request: WireMessage> {
    package let untyped: any ClientStream
    private let arenas: ArenaPool

    init(_ untyped: any ClientStream, _ arenas: ArenaPool) {
        self.untyped = untyped
        self.arenas = arenas
    }

    package func send(_ fill: (inout Request, WireArena) -> Void) {
        untyped.send(arenas.encode(fill))
    }
}

/// Decodes the answers of a call; one that cannot be decoded ends it.
private final class AnswerReader<Answer: WireMessage> {
    var call: (any Call)?
    private let arenas: ArenaPool
    private let onMessage: (UnsafePointer<Answer>) -> Void
    private let onEnd: (RPCError?) -> Void
    private var failure: RPCError?

    init(
        _ arenas: ArenaPool, _ onMessage: @escaping (UnsafePointer<Answer>) -> Void,
        _ onEnd: @escaping (RPCError?) -> Void
    ) {
        self.arenas = arenas
        self.onMessage = onMessage
        self.onEnd = onEnd
    }

    func read(_ bytes: [UInt8]) {
        arenas.withArena { arena in
            switch decoded(Answer.self, bytes, arena) {
            case .success(let message): onMessage(message)
            case .failure(let error):
                failure = failure ?? error
                call?.cancel()
            }
        }
    }

    func end(_ error: RPCError?) {
        call = nil
        onEnd(failure ?? error)
    }
}
