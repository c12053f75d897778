import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// A call that we make: one stream of a client's connection.
final class ClientCall: ClientStream {
    enum Completion {
        case unary((Result<[UInt8], RPCError>) -> Void)
        case stream(([UInt8]) -> Void, (RPCError?) -> Void)
    }

    let path: String
    var head = ResponseHead()
    var onWritable: (() -> Void)?
    var outgoing = OutgoingMessages()
    /// More messages of the request may come.
    var isSending: Bool
    var isDeferred = false
    var wasUnwritable = false
    var incoming: IncomingMessages
    /// The reader is being given messages, or soon will be.
    var isPumping = false
    /// How the server has ended the call; told when the reader has had what came before.
    var outcome: RPCError??
    let options: CallOptions
    let transport: HTTP2Transport
    // The transport owns its channels.
    unowned let channel: HTTP2Channel
    /// Waits in the channel for a connection.
    var isWaiting = false
    /// The head of the call has left for the server.
    var isSent = false
    /// All messages so far, in case that the call is turned away; nil: that would be its end.
    private var replay: OutgoingMessages?
    private var replayCount = 0
    /// Nothing of the answer has come, and there is room to keep what was sent.
    private var isReplayable = true
    private(set) var completion: Completion?
    var answer: [UInt8]?
    private(set) weak var connection: ClientConnection?
    private(set) var stream: Int32 = 0
    private(set) var address: String?
    private var timer: TimerID?
    /// Known once the call has waited or may have to be begun anew.
    private var deadline: Instant?

    /// `message`: the only one of the request; nil: the caller sends them, and asks for the answer's.
    init(
        _ path: String, _ options: CallOptions, _ completion: Completion,
        _ channel: HTTP2Channel, _ transport: HTTP2Transport, message: [UInt8]?
    ) {
        self.path = path
        self.channel = channel
        self.options = options
        self.completion = completion
        self.transport = transport
        incoming = IncomingMessages(
            limits: transport.limits, demand: message == nil ? 0 : .max)
        isSending = message == nil
        if let message { put(message) }
        transport.counters.made.started += 1
    }

    /// Whether the call can be put on the wire at all.
    func check() throws(RPCError) {
        if let timeout = options.timeout, timeout <= .zero { throw .deadlineExceeded(path) }
        if let name = options.metadata.firstForbidden { throw .forbiddenMetadata(name) }
    }

    var initialMetadata: Metadata { head.initial }
    var trailingMetadata: Metadata { head.trailing }

    /// Fills the transport's header block.
    func writeHeaders(authority: String) {
        transport.headers.removeAll()
        transport.headers.append(":method", "POST")
        transport.headers.append(":scheme", transport.security == nil ? "http" : "https")
        transport.headers.append(":path", path.utf8)
        transport.headers.append(":authority", authority.utf8)
        transport.headers.append("te", "trailers")
        transport.headers.append("content-type", "application/grpc")
        transport.headers.append("user-agent", "lehr")
        transport.headers.append("grpc-accept-encoding", Gzip.accepted)
        if options.compresses { transport.headers.append("grpc-encoding", "gzip") }
        if let timeout = deadline.map({ $0 - transport.reactor.now }) ?? options.timeout {
            transport.headers.append("grpc-timeout", GRPCTimeout.format(timeout).utf8)
        }
        transport.headers.append(options.metadata)
    }

    /// The call has its place on a connection.
    func begin(on connection: ClientConnection, _ stream: Int32, at address: String) {
        self.connection = connection
        self.stream = stream
        self.address = address
        watchDeadline()
        guard replay == nil, isReplayable else { return }
        if channel.keep(outgoing.byteCount) { replay = outgoing } else { commit() }
    }

    /// Lets the call end when its time is over; from now on, if not done before.
    func watchDeadline() {
        guard timer == nil, let timeout = options.timeout else { return }
        let deadline = transport.reactor.now + timeout
        self.deadline = deadline
        timer = transport.reactor.schedule(at: deadline) { [self] in
            end(.deadlineExceeded(path), resetting: true)
        }
    }

    // MARK: Beginning anew

    /// Neither the caller nor the server has ended it.
    var isUnanswered: Bool { completion != nil && outcome == nil }

    /// Adds a message to what is kept.
    func keepAlso(_ message: [UInt8], isCompressed: Bool) {
        guard replay != nil else { return }
        guard channel.keep(message.count + MessageDecoder.prefixSize) else { return commit() }
        replay?.append(message, isCompressed: isCompressed)
    }

    /// The server has begun to answer, or there is no room: the call is not begun anew.
    func commit() {
        isReplayable = false
        guard let replay else { return }
        self.replay = nil
        channel.release(replay.byteCount)
    }

    /// Makes a call that was turned away ready for another connection; false: it cannot be.
    func rewind(replaysMax: Int) -> Bool {
        guard let replay, replayCount < replaysMax else { return false }
        replayCount += 1
        outgoing = replay
        isDeferred = false
        isSent = false
        connection = nil
        stream = 0
        return true
    }

    func cancel() {
        guard completion != nil else { return }
        if stream != 0 { connection?.reset(stream) }
        failSoon(.cancelled)
    }

    /// Ends the call, but not inside the caller's own call of us.
    func failSoon(_ error: RPCError) {
        guard let completion = take(error) else { return }
        transport.reactor.post { Self.complete(completion, error, nil) }
    }

    /// Ends the call; nil: OK. After the first end, nothing.
    func end(_ error: RPCError?, resetting: Bool = false) {
        var error = error
        if error == nil, case .unary = completion, answer == nil { error = .noMessage }
        guard let completion = take(error) else { return }
        // A server may answer before it has heard everything; the rest is of no use.
        if resetting || isSending || !outgoing.isEmpty { connection?.reset(stream) }
        Self.complete(completion, error, answer)
    }

    private func take(_ error: RPCError?) -> Completion? {
        guard let completion else { return nil }
        self.completion = nil
        if let timer { transport.reactor.cancel(timer) }
        timer = nil
        onWritable = nil
        if isWaiting { channel.leave(self) }
        commit()
        if incoming.hasWaiting { connection?.release(stream, incoming.discard()) }
        transport.counters.made.end(error?.code ?? .ok)
        return completion
    }

    private static func complete(_ completion: Completion, _ error: RPCError?, _ answer: [UInt8]?) {
        switch completion {
        case .unary(let body):
            body(error.map { .failure($0) } ?? .success(answer ?? []))
        case .stream(_, let onEnd): onEnd(error)
        }
    }

    /// Ends the call at once, unless the server has ended it already.
    func fail(_ error: RPCError) {
        if outcome == nil { end(error) }
    }
}
