import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// A call being answered: one stream of a server's connection.
final class ServerCall {
    let stream: Int32
    /// Among the calls of its connection.
    var place = 0
    var head = RequestHead()
    // A circle until the stream is closed, as every stream is at the latest with its connection.
    let connection: ServerConnection
    var incoming: IncomingMessages
    /// The message of a method that takes one.
    var request: [UInt8]?
    var deadline: Instant?
    /// Who calls, as far as it was asked.
    var caller: PeerIdentity?
    private var timer: TimerID?
    /// The peer can still be told something.
    var isOpen = true
    var isDispatched = false
    /// The handler reads messages as they come.
    var isStreaming = false
    /// What is wrong with the request.
    var failure: RPCError?
    /// The peer sends nothing more.
    var hasEnded = false
    /// The look at the connection after which the request last went on, and the bytes since.
    private(set) var progressed = 0
    private var progress = 0
    /// Bytes that the call holds, in its connection's books.
    private(set) var heldBytes = 0
    /// The handler is being given messages, or soon will be.
    var isPumping = false
    // Ends of the call in the handler's hands. Not retained, so that letting go of one is noticed;
    // each clears its reference here when it is used up or let go.
    unowned(unsafe) var responder: UnaryResponder?
    unowned(unsafe) var handlerStream: HTTP2ServerStream?

    /// What the handler sends with its answer; what HTTP forbids becomes an error.
    var metadata = ResponseMetadata() {
        didSet { metadataError = metadata.removeForbidden() ?? metadataError }
    }
    private(set) var metadataError: RPCError?
    /// The answer was declared to have compressed messages.
    var isGzip = false
    var outgoing = OutgoingMessages()
    var hasBegun = false
    /// A part of the answer has left, or is about to.
    var hasAnswered = false
    var isDeferred = false
    var wasUnwritable = false
    /// The handler is done, with `error` or, without one, OK.
    private(set) var isFinished = false
    private(set) var error: RPCError?

    init(_ stream: Int32, _ connection: ServerConnection) {
        self.stream = stream
        self.connection = connection
        incoming = IncomingMessages(limits: connection.transport.limits, demand: .max)
        progressed = connection.life.tick
        connection.transport.counters.answered.started += 1
    }

    var path: String { head.path?.name ?? "" }
    var transport: HTTP2Transport { connection.transport }
    /// Whether there is anything left to do for a handler.
    var isActive: Bool { isOpen && !isFinished }

    func startTimer() {
        guard let timeout = head.timeout else { return }
        let deadline = transport.reactor.now + timeout
        self.deadline = deadline
        timer = transport.reactor.schedule(at: deadline) { [self] in
            abort(.deadlineExceeded(path))
        }
    }

    /// Decides how the call ends; nil: OK.
    func conclude(_ error: RPCError?) {
        stopTimer()
        isFinished = true
        self.error = error
        transport.counters.answered.end(error?.code ?? .ok)
    }

    func stopTimer() {
        if let timer { transport.reactor.cancel(timer) }
        timer = nil
    }

    // MARK: What it waits for and what it holds

    /// The peer owes the rest of the request, or of a message.
    var isWanting: Bool {
        guard isActive else { return false }
        return isStreaming ? incoming.isWanting && !hasEnded : !isDispatched
    }

    /// Takes note that so much of the request has come.
    func progress(_ bytes: Int) {
        progress += bytes
        guard progress >= Self.progressBytes || incoming.isBetweenMessages else { return }
        progress = 0
        progressed = connection.life.tick
    }

    /// Brings the connection's books up to date.
    func account() {
        let held =
            Self.ownBytes + head.byteCount + incoming.heldBytes + (request?.count ?? 0)
            + outgoing.byteCount
        guard held != heldBytes else { return }
        let change = held - heldBytes
        heldBytes = held
        connection.hold(change, for: self)
    }

    /// What a request must go on by at the least.
    private static let progressBytes = 16 << 10
    /// A call's own objects, ours and nghttp2's, roughly.
    private static let ownBytes = 1024

    /// The peer hears nothing any more; a request that waits to be handed over is dropped.
    func streamClosed() { isOpen = false }

    /// The stream is over, with the handler's answer sent or without it.
    func closed() {
        isOpen = false
        stopTimer()
        discardRequest()
        if !isFinished { transport.counters.answered.end(.cancelled) }
        connection.hold(-heldBytes, for: self)
        heldBytes = 0
        if !outgoing.isEmpty { outgoing.removeAll() }
        tellHandler()
    }

    func tellHandler() {
        let (responder, stream) = (self.responder, handlerStream)
        self.responder = nil
        handlerStream = nil
        responder?.cancelled()
        stream?.cancelled()
    }

    func becameWritable() {
        guard isActive else { return }
        handlerStream?.onWritable?()
    }
}
