import LehrCore

/// The answering half of a simulated call.
final class InMemoryServerCall {
    let client: InMemoryCall
    let transport: InMemoryTransport
    private var down = InMemoryNetwork.Lane()
    private var timer: TimerID?
    private var isOpen = true
    /// Bytes sent and not yet with the caller.
    private var queued = 0
    // Weak: a handler that lets go of its end of the call must be noticed.
    private weak var responder: UnaryResponder?
    private weak var stream: InMemoryServerStream?

    init(of client: InMemoryCall, at transport: InMemoryTransport) {
        self.client = client
        self.transport = transport
    }

    func begin(_ handler: ServiceTable.Handler, _ message: [UInt8]) {
        let core = transport.home
        let deadline = client.options.timeout.map { core.now + $0 }
        if let timeout = client.options.timeout {
            timer = core.schedule(after: timeout) { [weak self] in
                guard let self else { return }
                abort(.deadlineExceeded(client.path))
            }
        }
        let context = CallContext(
            method: client.path, peer: client.transport.name, deadline: deadline,
            metadata: client.options.metadata)
        switch handler {
        case .unary(let body):
            let responder = UnaryResponder { [weak self] result in
                switch result {
                case .success(let message):
                    self?.send(message)
                    self?.finish(nil)
                case .failure(let error): self?.finish(error)
                }
            }
            self.responder = responder
            body(context, message, responder)
        case .serverStreaming(let body):
            let stream = InMemoryServerStream(self)
            self.stream = stream
            body(context, message, stream)
        }
    }

    var isWritable: Bool { isOpen && queued < transport.limits.streamQueueBytes }

    func send(_ message: [UInt8]) {
        guard isOpen else { return }
        if queued >= transport.limits.streamQueueBytesMax {
            return abort(.slowReader(client.path, queued))
        }
        let client = self.client
        queued += message.count
        pass(.message, message.count) {
            client.transport.home.perform { client.receive(message) }
            self.delivered(message.count)
        }
    }

    private func delivered(_ bytes: Int) {
        let wasWritable = isWritable
        queued -= bytes
        guard isOpen, !wasWritable, isWritable else { return }
        transport.home.post { self.stream?.onWritable?() }
    }

    /// Ends the call; nil: OK.
    func finish(_ error: RPCError?) {
        guard isOpen else { return }
        close()
        passEnd(error)
    }

    /// Ends the call over the head of its handler.
    func abort(_ error: RPCError) {
        guard isOpen else { return }
        close()
        passEnd(error)
        tellHandler()
    }

    /// The caller has gone.
    func cancelled() {
        guard isOpen else { return }
        close()
        tellHandler()
    }

    /// This side is no more: its handler learns nothing, its caller that the connection is lost.
    func die(_ error: RPCError) {
        close()
        passEnd(error)
    }

    private func close() {
        isOpen = false
        if let timer { transport.home.cancel(timer) }
        transport.ended(self)
    }

    private func tellHandler() {
        responder?.cancelled()
        stream?.cancelled()
    }

    private func passEnd(_ error: RPCError?) {
        let client = self.client
        pass(.end, 0) { client.transport.home.perform { client.end(error) } }
    }

    private func pass(
        _ kind: InMemoryNetwork.Arrival.Kind, _ bytes: Int, _ arrive: @escaping () -> Void
    ) {
        transport.network.send(
            kind, of: client, through: &down, from: transport.name, to: client.transport.name,
            bytes: bytes + InMemoryNetwork.headerBytes, arrive)
    }
}

/// Where a server-streaming handler of a simulated call writes.
final class InMemoryServerStream: ServerStream {
    private var call: InMemoryServerCall?
    var onWritable: (() -> Void)?
    var onCancel: (() -> Void)?

    init(_ call: InMemoryServerCall) { self.call = call }

    var isWritable: Bool { call?.isWritable ?? false }

    func send(_ message: [UInt8]) { call?.send(message) }

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

    private func release() {
        call = nil
        onWritable = nil
        onCancel = nil
    }

    deinit { call?.finish(.abandoned) }
}
