import LehrCore
import LehrWire

/// Calls to one address of a simulated network.
final class InMemoryChannel: Channel {
    private let address: String
    // The transport owns its channels.
    private unowned let transport: InMemoryTransport

    init(_ address: String, _ transport: InMemoryTransport) {
        self.address = address
        self.transport = transport
    }

    var arenas: ArenaPool { transport.arenas }

    func unary(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any Call {
        var answer: [UInt8]?
        return serverStreaming(path, message, options) { message in
            answer = message
        } onEnd: { error in
            if let error { return completion(.failure(error)) }
            completion(answer.map { .success($0) } ?? .failure(.noMessage))
        }
    }

    func serverStreaming(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any Call {
        let call = InMemoryCall(
            path, at: address, by: transport, options, onMessage: onMessage, onEnd: onEnd)
        transport.start(call, message)
        return call
    }

    func bidirectional(
        _ path: String, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream {
        let call = InMemoryCall(
            path, at: address, by: transport, options, demand: 0,
            onMessage: onMessage, onEnd: onEnd)
        transport.start(call, nil)
        return call
    }
}
