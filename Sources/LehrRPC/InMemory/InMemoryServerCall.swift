import LehrCore

/// The answering half of a simulated call.
final class InMemoryServerCall {
    let client: InMemoryCall
    let transport: InMemoryTransport
    private var handler: ServiceTable.Handler?
    private var down = InMemoryNetwork.Lane()
    private var deadline: Instant?
    private var timer: TimerID?
    private var isOpen = true
    /// Bytes sent and not yet with the caller.
    private var queued = 0
    private var inbox = InMemoryInbox(demand: 0)
    private var hasToldEnd = false
    /// Who calls, as far as it was asked.
    private var caller: PeerIdentity?
    private var requestMetadata: Metadata
    /// What the handler sends with its answer; what HTTP forbids becomes an error.
    var metadata = ResponseMetadata() {
        didSet { metadataError = metadata.removeForbidden() ?? metadataError }
    }
    private var metadataError: RPCError?
    private var hasBegun = false
    /// The message of a method that takes one.
    private var request: [UInt8]?
    // Weak: a handler that lets go of its end of the call must be noticed.
    private weak var responder: UnaryResponder?
    private weak var stream: InMemoryServerStream?

    init(of client: InMemoryCall, at transport: InMemoryTransport) {
        self.client = client
        self.transport = transport
        requestMetadata = client.options.metadata
    }

    // MARK: The request

    /// The head of the call is here; a method that takes one message waits for it.
    func begin(_ route: ServiceTable.Route) {
        do throws(RPCError) {
            caller = try route.admit(
                client.transport.identity, peer: client.transport.name, &requestMetadata)
        } catch {
            return abort(error)
        }
        handler = route.handler
        if let timeout = client.options.timeout {
            deadline = transport.home.now + timeout
            timer = transport.home.schedule(after: timeout) { [weak self] in
                guard let self else { return }
                abort(.deadlineExceeded(client.path))
            }
        }
        guard case .bidirectional(let body) = route.handler else { return }
        let stream = InMemoryServerStream(self)
        self.stream = stream
        body(context, stream)
    }

    private var context: CallContext {
        CallContext(
            method: client.path, peer: client.transport.name, identity: caller, deadline: deadline,
            metadata: requestMetadata)
    }

    func receive(_ message: [UInt8]) {
        guard isOpen else { return }
        guard message.count <= transport.limits.messageBytesMax else {
            return abort(.messageTooLarge(message.count, transport.limits.messageBytesMax))
        }
        if case .bidirectional = handler {
            inbox.append(message)
            return pump()
        }
        client.delivered(message)
        guard request == nil else { return abort(.surplusRequest(client.path)) }
        request = message
    }

    /// The caller sends nothing more.
    func receiveEnd() {
        guard isOpen else { return }
        inbox.hasEnded = true
        switch handler {
        case .bidirectional: return pump()
        case .unary(let body):
            guard let message = takeRequest() else { return }
            let responder = UnaryResponder { [weak self] result, metadata in
                if !metadata.isEmpty { self?.metadata = metadata }
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
            guard let message = takeRequest() else { return }
            let stream = InMemoryServerStream(self)
            self.stream = stream
            body(context, message, stream)
        case nil: break
        }
    }

    private func takeRequest() -> [UInt8]? {
        guard let request else {
            abort(.incompleteRequest(client.path))
            return nil
        }
        self.request = nil
        return request
    }

    func demand(_ count: Int) {
        guard isOpen else { return }
        inbox.request(count)
        transport.home.post { self.pump() }
    }

    private func pump() {
        guard inbox.beginPumping() else { return }
        while isOpen, let message = inbox.next() {
            client.delivered(message)
            stream?.onMessage?(message)
        }
        inbox.endPumping()
        guard isOpen, inbox.isDrained, !hasToldEnd else { return }
        hasToldEnd = true
        stream?.onEnd?()
    }

    // MARK: The answer

    var isWritable: Bool { isOpen && queued < transport.limits.streamQueueBytes }

    func send(_ message: [UInt8]) {
        guard isOpen else { return }
        if queued >= transport.limits.streamQueueBytesMax {
            return abort(.slowReader(client.path, queued))
        }
        let client = self.client
        let initial = takeInitial()
        queued += message.count + InMemoryNetwork.prefixBytes
        pass(.message, message.count) {
            client.transport.home.deliver {
                if let initial { client.receiveInitial(initial) }
                client.receive(message)
            }
        }
    }

    /// The initial metadata, before the first message.
    private func takeInitial() -> Metadata? {
        guard !hasBegun else { return nil }
        hasBegun = true
        return metadata.initial
    }

    /// The caller has had `message`.
    func delivered(_ message: [UInt8]) {
        let wasWritable = isWritable
        queued -= message.count + InMemoryNetwork.prefixBytes
        guard !wasWritable, isWritable else { return }
        transport.home.post { self.stream?.onWritable?() }
    }

    /// Ends the call; nil: OK.
    func finish(_ error: RPCError?) {
        guard isOpen else { return }
        close()
        passEnd(error ?? metadataError)
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

    /// The connection is lost: nothing that the handler says arrives any more.
    func breakConnection() {
        down.isBroken = true
        cancelled()
    }

    /// This side is no more: its handler learns nothing, its caller that the connection is lost.
    func die(_ error: RPCError) {
        close()
        stream?.release()
        let client = self.client
        pass(.end, 0) { client.transport.home.deliver { client.fail(error) } }
    }

    private func close() {
        isOpen = false
        inbox.removeAll()
        if let timer { transport.home.cancel(timer) }
        transport.ended(self)
    }

    private func tellHandler() {
        responder?.cancelled()
        stream?.cancelled()
    }

    private func passEnd(_ error: RPCError?) {
        let client = self.client
        let (initial, trailing) = (takeInitial(), metadata.trailing)
        pass(.end, 0) {
            client.transport.home.deliver {
                if let initial { client.receiveInitial(initial) }
                client.receiveEnd(error, trailing)
            }
        }
    }

    private func pass(
        _ kind: InMemoryNetwork.Arrival.Kind, _ bytes: Int, _ arrive: @escaping () -> Void
    ) {
        transport.network.send(
            kind, of: client, through: &down, from: transport.name, to: client.transport.name,
            bytes: bytes + InMemoryNetwork.headerBytes, arrive)
    }
}
