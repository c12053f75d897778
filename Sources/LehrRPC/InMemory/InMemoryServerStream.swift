/// Where a streaming handler of a simulated call reads and writes.
final class InMemoryServerStream: ServerDuplex {
    private var call: InMemoryServerCall?
    var onWritable: (() -> Void)?
    var onCancel: (() -> Void)?
    var onMessage: (([UInt8]) -> Void)?
    var onEnd: (() -> Void)?

    init(_ call: InMemoryServerCall) { self.call = call }

    var isWritable: Bool { call?.isWritable ?? false }

    var metadata: ResponseMetadata {
        get { call?.metadata ?? ResponseMetadata() }
        set { call?.metadata = newValue }
    }

    func send(_ message: [UInt8]) { call?.send(message) }

    func request(_ count: Int) { call?.demand(count) }

    func finish(_ error: RPCError?) {
        let call = self.call
        release()
        call?.finish(error)
    }

    func cancelled() {
        let onCancel = self.onCancel
        release()
        onCancel?()
    }

    /// Lets go of the call and of what the handler has set, which may hold this stream; tells nobody.
    func release() {
        call = nil
        onWritable = nil
        onCancel = nil
        onMessage = nil
        onEnd = nil
    }

    deinit { call?.finish(.abandoned) }
}
