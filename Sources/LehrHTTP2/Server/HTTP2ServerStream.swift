import LehrRPC

/// Where a streaming handler reads and writes.
final class HTTP2ServerStream: ServerDuplex {
    private var call: ServerCall?
    var onWritable: (() -> Void)?
    var onCancel: (() -> Void)?
    var onMessage: (([UInt8]) -> Void)?
    var onEnd: (() -> Void)?

    init(_ call: ServerCall) { self.call = call }

    var isWritable: Bool { call?.isWritable ?? false }

    var metadata: ResponseMetadata {
        get { call?.metadata ?? ResponseMetadata() }
        set { call?.metadata = newValue }
    }

    func send(_ message: [UInt8]) { call?.send(message) }

    func request(_ count: Int) { call?.demand(count) }

    func finish(_ error: RPCError?) { release()?.finish(error) }

    /// The caller has gone, or the transport has ended the call.
    func cancelled() {
        let onCancel = self.onCancel
        _ = release()
        onCancel?()
    }

    private func release() -> ServerCall? {
        let call = self.call
        self.call = nil
        call?.handlerStream = nil
        onWritable = nil
        onCancel = nil
        onMessage = nil
        onEnd = nil
        return call
    }

    deinit { release()?.finish(.abandoned) }
}
