import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// A call being answered: one stream of a server's connection.
final class ServerCall {
    let stream: Int32
    var head = RequestHead()
    // A circle until the stream is closed, as every stream is at the latest with its connection.
    private let connection: ServerConnection
    private var decoder: MessageDecoder
    private var request: [UInt8]?
    private var timer: TimerID?
    /// The peer can still be told something.
    private var isOpen = true
    private var isDispatched = false
    // Ends of the call in the handler's hands. Not retained, so that letting go of one is noticed;
    // each clears its reference here when it is used up or let go.
    private unowned(unsafe) var responder: UnaryResponder?
    unowned(unsafe) var handlerStream: HTTP2ServerStream?

    private var outgoing = OutgoingMessages()
    private var hasBegun = false
    private var isDeferred = false
    private var wasUnwritable = false
    /// Set when the handler is done; `.some(nil)`: OK.
    private var outcome: RPCError??

    init(_ stream: Int32, _ connection: ServerConnection) {
        self.stream = stream
        self.connection = connection
        decoder = MessageDecoder(limits: connection.transport.limits)
        connection.transport.counters.answered.started += 1
    }

    private var path: String { head.path?.name ?? "" }
    private var transport: HTTP2Transport { connection.transport }

    // MARK: The request; inside nghttp2

    func headComplete() {
        switch head.refusal {
        case .http(let status): refuse(status)
        case .grpc(let error): finish(error)
        case nil: if head.path?.handler == nil { finish(.unknownMethod(path)) }
        }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard isOpen, outcome == nil else { return }
        do throws(RPCError) {
            var isSurplus = false
            try decoder.feed(bytes) { message in
                if request == nil { request = message } else { isSurplus = true }
            }
            if isSurplus { throw RPCError(.internal, "\(path) takes one message, not more") }
        } catch {
            request = nil
            finish(error)
        }
    }

    /// The peer hears nothing any more; a request that waits to be handed over is dropped.
    func streamClosed() { isOpen = false }

    // MARK: The handler; outside

    /// The request is complete: hands it over.
    func dispatch() {
        guard isOpen, outcome == nil, !isDispatched, let handler = head.path?.handler else {
            return
        }
        isDispatched = true
        guard let request, decoder.isBetweenMessages else {
            return finish(RPCError(.internal, "the request to \(path) ends within a message"))
        }
        self.request = nil
        let core = transport.reactor
        let deadline = head.timeout.map { core.now + $0 }
        if let timeout = head.timeout {
            timer = core.schedule(after: timeout) { [self] in abort(.deadlineExceeded(path)) }
        }
        let context = CallContext(
            method: path, peer: connection.peer, deadline: deadline, metadata: head.metadata)
        switch handler {
        case .unary(let body):
            let responder = UnaryResponder { [self] result in
                self.responder = nil
                answer(result)
            }
            self.responder = responder
            body(context, request, responder)
        case .serverStreaming(let body):
            let end = HTTP2ServerStream(self)
            handlerStream = end
            body(context, request, end)
        }
    }

    /// The stream is over, with the handler's answer sent or without it.
    func closed() {
        isOpen = false
        stopTimer()
        if outcome == nil { transport.counters.answered.end(.cancelled) }
        tellHandler()
    }

    private func tellHandler() {
        let (responder, stream) = (self.responder, handlerStream)
        self.responder = nil
        handlerStream = nil
        responder?.cancelled()
        stream?.cancelled()
    }

    func becameWritable() {
        guard isOpen, outcome == nil else { return }
        handlerStream?.onWritable?()
    }

    private func stopTimer() {
        if let timer { transport.reactor.cancel(timer) }
        timer = nil
    }
}

// MARK: - The answer

extension ServerCall {
    var isWritable: Bool {
        guard isOpen, outcome == nil else { return false }
        let hasRoom = outgoing.byteCount < transport.limits.streamQueueBytes
        if !hasRoom { wasUnwritable = true }
        return hasRoom
    }

    private func answer(_ result: Result<[UInt8], RPCError>) {
        switch result {
        case .success(let message):
            guard isOpen, outcome == nil else { return }
            outgoing.append(message)
            finish(nil)
        case .failure(let error): finish(error)
        }
    }

    /// Queues a message of the answer.
    func send(_ message: [UInt8]) {
        guard isOpen, outcome == nil else { return }
        guard outgoing.byteCount < transport.limits.streamQueueBytesMax else {
            return abort(.slowReader(path, outgoing.byteCount))
        }
        outgoing.append(message)
        if outgoing.byteCount >= transport.limits.streamQueueBytes { wasUnwritable = true }
        begin()
        resume()
    }

    /// Ends the call for the handler; nil: OK. The queue goes out before the status.
    func finish(_ error: RPCError?) {
        guard isOpen, outcome == nil else { return }
        stopTimer()
        outcome = .some(error)
        transport.counters.answered.end(error?.code ?? .ok)
        if !hasBegun, let error {
            submitTrailersOnly(error)
        } else {
            begin()
            resume()
        }
        connection.markDirty()
    }

    /// Ends the call over the head of the handler.
    func abort(_ error: RPCError) {
        guard isOpen, outcome == nil else { return }
        if hasBegun, !outgoing.isEmpty {
            // The queue may never drain, and trailers cannot overtake it.
            outcome = .some(error)
            transport.counters.answered.end(error.code)
            stopTimer()
            reset(error.code.resetCode)
        } else {
            finish(error)
        }
        tellHandler()
    }

    private func reset(_ code: UInt32) {
        guard let session = connection.session else { return }
        outgoing.removeAll()
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code)
        connection.markDirty()
    }

    private func begin() {
        guard !hasBegun, let session = connection.session else { return }
        hasBegun = true
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(self).toOpaque()
        provider.read_callback = { _, _, buffer, size, flags, source, _ in
            guard let call = source?.pointee.ptr, let buffer, let flags else {
                return ssize_t(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
            }
            let target = UnsafeMutableRawBufferPointer(start: buffer, count: size)
            return Unmanaged<ServerCall>.fromOpaque(call)._withUnsafeGuaranteedRef {
                $0.read(into: target, &flags.pointee)
            }
        }
        let fields = transport.standardFields.answer
        nghttp2_submit_response(session, stream, fields.baseAddress, fields.count, &provider)
        connection.markDirty()
    }

    private func resume() {
        guard isDeferred, let session = connection.session else { return }
        isDeferred = false
        nghttp2_session_resume_data(session, stream)
        connection.markDirty()
    }

    /// Fills a DATA frame; inside nghttp2.
    private func read(into target: UnsafeMutableRawBufferPointer, _ flags: inout UInt32) -> ssize_t
    {
        let count = outgoing.read(into: target)
        if outgoing.isEmpty, case .some(let error) = outcome {
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            submitTrailers(error)
        } else if count == 0 {
            isDeferred = true
            return ssize_t(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        if wasUnwritable, outgoing.byteCount < transport.limits.streamQueueBytes {
            wasUnwritable = false
            connection.noteWritable(self)
        }
        return count
    }

    private func submitTrailers(_ error: RPCError?) {
        guard let session = connection.session else { return }
        guard let error else {
            let fields = transport.standardFields.success
            nghttp2_submit_trailer(session, stream, fields.baseAddress, fields.count)
            return
        }
        transport.headers.removeAll()
        addStatus(error)
        transport.headers.withFields { fields, count in
            _ = nghttp2_submit_trailer(session, stream, fields, count)
        }
    }

    private func submitTrailersOnly(_ error: RPCError) {
        transport.headers.removeAll()
        transport.headers.append(":status", "200")
        transport.headers.append("content-type", "application/grpc")
        addStatus(error)
        if error.code == .unimplemented {
            transport.headers.append("grpc-accept-encoding", "identity")
        }
        submitHeaders()
    }

    private func addStatus(_ error: RPCError) {
        transport.headers.append("grpc-status", String(error.code.rawValue).utf8)
        guard !error.message.isEmpty else { return }
        let message = PercentEncoding.encode(error.message)
        transport.headers.append("grpc-message", message.prefix(Self.messageBytesMax))
    }

    /// Bytes of an encoded `grpc-message`; the rest would make the trailers too long for many.
    private static let messageBytesMax = 4096

    /// Answers what is not gRPC with a bare HTTP status.
    private func refuse(_ status: StaticString) {
        outcome = .some(RPCError(.internal, "not a gRPC request"))
        transport.counters.answered.end(.internal)
        transport.headers.removeAll()
        transport.headers.append(":status", status)
        if status.description == "405" { transport.headers.append("allow", "POST") }
        submitHeaders()
    }

    private func submitHeaders() {
        guard let session = connection.session else { return }
        hasBegun = true
        transport.headers.withFields { fields, count in
            _ = nghttp2_submit_response(session, stream, fields, count, nil)
        }
        connection.markDirty()
    }
}
