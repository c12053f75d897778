import LehrCore
import LehrWire

/// The caller's half of a simulated call.
final class InMemoryCall: ClientStream {
    let number: UInt64
    let path: String
    let options: CallOptions
    let transport: InMemoryTransport
    var onWritable: (() -> Void)?
    private(set) var initialMetadata = Metadata()
    private(set) var trailingMetadata = Metadata()
    private let destination: String
    // Let go of with the end of the call: they may hold the call.
    private var onMessage: (([UInt8]) -> Void)?
    private var onEnd: ((RPCError?) -> Void)?
    private var timer: TimerID?
    private var isOpen = true
    private var isSending = true
    /// Nothing of the answer arrives any more, and neither half knows.
    private var isDeaf = false
    private var up = InMemoryNetwork.Lane()
    /// Bytes sent and not yet with the handler.
    private var queued = 0
    private var inbox: InMemoryInbox
    /// How the server has ended the call; told when the reader has had what came before.
    private var outcome: RPCError??
    // The other half, from the arrival of the request to the end of the call there.
    private weak var server: InMemoryServerCall?
    private var target: String

    /// `demand`: messages asked for from the beginning.
    init(
        _ path: String, at address: String, by transport: InMemoryTransport, _ options: CallOptions,
        demand: Int = .max,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) {
        number = transport.network.makeCallNumber()
        self.path = path
        self.options = options
        self.transport = transport
        destination = address
        inbox = InMemoryInbox(demand: demand)
        self.onMessage = onMessage
        self.onEnd = onEnd
        target = transport.network.name(at: address)
    }

    private var network: InMemoryNetwork { transport.network }

    var address: String? { destination }

    // MARK: The request

    /// Sends the head of the call, with its only message if it has just one.
    func begin(_ message: [UInt8]?) {
        if let timeout = options.timeout {
            timer = transport.home.schedule(after: timeout) { [weak self] in
                guard let self else { return }
                end(.deadlineExceeded(path), tellingServer: true)
            }
        }
        if message != nil { isSending = false }
        sendHead(message)
        guard let message, let delay = network.twin(transport.name, target, path) else { return }
        let twin = InMemoryCall(
            path, at: destination, by: transport, options, onMessage: { _ in }, onEnd: { _ in })
        network.time.schedule(at: network.time.now + delay) { twin.sendHead(message) }
    }

    /// Sends the request, or once more what a peer may get twice: see `InMemoryNetwork.twin`.
    private func sendHead(_ message: [UInt8]?) {
        network.send(
            .request, of: self, through: &up, from: transport.name, to: target,
            bytes: (message?.count ?? 0) + InMemoryNetwork.headerBytes
        ) { self.arrive(message) }
    }

    /// The request is there; who listens now answers it.
    private func arrive(_ message: [UInt8]?) {
        guard let listener = network.listener(at: destination) else {
            var down = InMemoryNetwork.Lane()
            let error = RPCError(.unavailable, "nobody listens at \(destination)")
            return network.send(
                .end, of: self, through: &down, from: target, to: transport.name, bytes: 0
            ) { self.transport.home.deliver { self.end(error) } }
        }
        let server = InMemoryServerCall(of: self, at: listener)
        self.server = server
        target = listener.name
        listener.hold(server)
        listener.home.deliver {
            listener.accept(server)
            guard let message else { return }
            server.receive(message)
            server.receiveEnd()
        }
    }

    var isWritable: Bool {
        isOpen && isSending && queued < transport.limits.streamQueueBytes
    }

    func send(_ message: [UInt8]) {
        guard isOpen, isSending else { return }
        if queued >= transport.limits.streamQueueBytesMax {
            isSending = false
            transport.home.post {
                self.end(.slowServer(self.path, self.queued), tellingServer: true)
            }
            return
        }
        queued += message.count + InMemoryNetwork.prefixBytes
        pass(.message, message.count) { $0.receive(message) }
    }

    func finishSending() {
        guard isOpen, isSending else { return }
        isSending = false
        pass(.end, 0) { $0.receiveEnd() }
    }

    /// The handler has had `message`, or never will.
    func delivered(_ message: [UInt8]) {
        let wasWritable = isWritable
        queued -= message.count + InMemoryNetwork.prefixBytes
        guard !wasWritable, isWritable else { return }
        transport.home.post { self.onWritable?() }
    }

    private func pass(
        _ kind: InMemoryNetwork.Arrival.Kind, _ bytes: Int,
        _ arrive: @escaping (InMemoryServerCall) -> Void
    ) {
        network.send(
            kind, of: self, through: &up, from: transport.name, to: target, bytes: bytes
        ) {
            guard let server = self.server else { return }
            server.transport.home.deliver { arrive(server) }
        }
    }

    func cancel() {
        guard isOpen else { return }
        let onEnd = self.onEnd
        close()
        sendCancel()
        // Not inside this call, as for every other end.
        transport.home.post { onEnd?(.cancelled) }
    }

    // MARK: The answer

    func receiveInitial(_ metadata: Metadata) {
        if isOpen { initialMetadata = metadata }
    }

    /// A message of the answer is here.
    func receive(_ message: [UInt8]) {
        guard isOpen else { return }
        if isDeaf {
            server?.delivered(message)
            return
        }
        guard message.count <= transport.limits.messageBytesMax else {
            return end(
                .messageTooLarge(message.count, transport.limits.messageBytesMax),
                tellingServer: true)
        }
        inbox.append(message)
        pump()
    }

    /// The answer is over; what came before it may still wait for its reader.
    func receiveEnd(_ error: RPCError?, _ metadata: Metadata) {
        guard isOpen, !isDeaf else { return }
        trailingMetadata = metadata
        outcome = .some(error)
        inbox.hasEnded = true
        pump()
    }

    func request(_ count: Int) {
        guard isOpen else { return }
        inbox.request(count)
        transport.home.post { self.pump() }
    }

    private func pump() {
        guard inbox.beginPumping() else { return }
        while isOpen, let message = inbox.next() {
            server?.delivered(message)
            onMessage?(message)
        }
        inbox.endPumping()
        if isOpen, inbox.isDrained, case .some(let error) = outcome { end(error) }
    }

    /// Ends the call at once, unless the server has ended it already.
    func fail(_ error: RPCError) {
        if outcome == nil { end(error) }
    }

    func end(_ error: RPCError?, tellingServer: Bool = false) {
        guard isOpen else { return }
        let onEnd = self.onEnd
        close()
        if tellingServer { sendCancel() }
        onEnd?(error)
    }

    /// Whether the call goes to a transport of such a name.
    func goes(to isTarget: (String) -> Bool) -> Bool { isTarget(target) }

    /// The connection under the call breaks: each half learns it, and what is sent from now on is lost.
    func breakConnection() {
        up.isBroken = true
        if let server { server.transport.home.deliver { server.breakConnection() } }
        transport.home.deliver { self.fail(.connectionLost(self.target)) }
    }

    func goDeaf() { isDeaf = true }

    /// The caller is no more; the other half learns it.
    func die() {
        close()
        sendCancel()
    }

    private func close() {
        isOpen = false
        onWritable = nil
        onMessage = nil
        onEnd = nil
        inbox.removeAll()
        if let timer { transport.home.cancel(timer) }
        transport.ended(self)
    }

    private func sendCancel() { pass(.cancel, 0) { $0.cancelled() } }
}
