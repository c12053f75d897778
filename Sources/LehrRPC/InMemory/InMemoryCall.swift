import LehrCore
import LehrWire

/// The caller's half of a simulated call.
final class InMemoryCall: Call {
    let number: UInt64
    let path: String
    let options: CallOptions
    let transport: InMemoryTransport
    private let address: String
    private let onMessage: ([UInt8]) -> Void
    private let onEnd: (RPCError?) -> Void
    private var timer: TimerID?
    private var isOpen = true
    private var up = InMemoryNetwork.Lane()
    // The other half, from the arrival of the request to the end of the call there.
    private weak var server: InMemoryServerCall?
    private var target: String

    init(
        _ path: String, at address: String, by transport: InMemoryTransport, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) {
        number = transport.network.makeCallNumber()
        self.path = path
        self.options = options
        self.transport = transport
        self.address = address
        self.onMessage = onMessage
        self.onEnd = onEnd
        target = transport.network.name(at: address)
    }

    private var network: InMemoryNetwork { transport.network }

    func send(_ message: [UInt8]) {
        if let timeout = options.timeout {
            timer = transport.home.schedule(after: timeout) { [weak self] in
                guard let self else { return }
                end(.deadlineExceeded(path), tellingServer: true)
            }
        }
        network.send(
            .request, of: self, through: &up, from: transport.name, to: target,
            bytes: message.count + InMemoryNetwork.headerBytes
        ) { self.arrive(message) }
    }

    /// The request is there; who listens now answers it.
    private func arrive(_ message: [UInt8]) {
        guard let listener = network.listener(at: address) else {
            var down = InMemoryNetwork.Lane()
            let error = RPCError(.unavailable, "nobody listens at \(address)")
            return network.send(
                .end, of: self, through: &down, from: target, to: transport.name, bytes: 0
            ) { self.transport.home.perform { self.end(error) } }
        }
        let server = InMemoryServerCall(of: self, at: listener)
        self.server = server
        target = listener.name
        listener.home.perform { listener.accept(server, message) }
    }

    func cancel() {
        guard isOpen else { return }
        close()
        sendCancel()
        // Not inside this call, as for every other end.
        transport.home.post { self.onEnd(.cancelled) }
    }

    /// A message of the answer is here.
    func receive(_ message: [UInt8]) {
        guard isOpen else { return }
        guard message.count <= transport.limits.messageBytesMax else {
            return end(.messageTooLarge(message.count, transport.limits), tellingServer: true)
        }
        onMessage(message)
    }

    func end(_ error: RPCError?, tellingServer: Bool = false) {
        guard isOpen else { return }
        close()
        if tellingServer { sendCancel() }
        onEnd(error)
    }

    /// The caller is no more; the other half learns it.
    func die() {
        close()
        sendCancel()
    }

    private func close() {
        isOpen = false
        if let timer { transport.home.cancel(timer) }
        transport.ended(self)
    }

    private func sendCancel() {
        network.send(
            .cancel, of: self, through: &up, from: transport.name, to: target, bytes: 0
        ) {
            guard let server = self.server else { return }
            server.transport.home.perform { server.cancelled() }
        }
    }
}
