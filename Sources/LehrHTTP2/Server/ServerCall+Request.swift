import LehrRPC
import LehrReactor
import LehrWire

// How a request is read and handed over.
extension ServerCall {
    // MARK: Inside nghttp2

    func headComplete() {
        account()
        if head.byteCount > transport.limits.headerBytesMax { transport.counters.hit(.headerBytes) }
        switch head.refusal {
        case .http(let status): return refuse(status)
        case .grpc(let error): return finish(error)
        case nil: break
        }
        guard let route = head.path?.route else { return finish(.unknownMethod(path)) }
        do throws(RPCError) {
            caller = try route.admit(connection.identity, peer: connection.peer, &head.metadata)
        } catch {
            return finish(error)
        }
        startTimer()
        if case .bidirectional = route.handler {
            isStreaming = true
            incoming = IncomingMessages(limits: transport.limits, demand: 0)
            connection.noteStreaming(self)
        }
        incoming.allowsGzip = head.isGzip
    }

    /// Takes bytes of the request and returns how many of them are done with.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard isActive, failure == nil else { return bytes.count }
        defer {
            progress(bytes.count)
            account()
        }
        do throws(RPCError) {
            if isStreaming {
                return try incoming.feed(bytes) { connection.noteMessage(self, $0) }
            }
            var isSurplus = false
            let used = try incoming.feed(bytes) { message in
                if request == nil { request = message } else { isSurplus = true }
            }
            if isSurplus { throw .surplusRequest(path) }
            return used
        } catch {
            failure = error
            transport.counters.note(error)
            connection.noteFailure(self)
            return bytes.count
        }
    }

    // MARK: Outside

    /// Hands over a request that is complete, or the stream of one that has just begun.
    func dispatch() {
        guard isActive, !isDispatched, let handler = head.path?.route?.handler else { return }
        isDispatched = true
        let context = CallContext(
            method: path, peer: connection.peer, identity: caller, deadline: deadline,
            metadata: head.metadata)
        switch handler {
        case .unary(let body):
            guard let message = takeRequest() else { return }
            let responder = UnaryResponder { [self] result, metadata in
                self.responder = nil
                if !metadata.isEmpty { self.metadata = metadata }
                answer(result)
            }
            self.responder = responder
            body(context, message, responder)
        case .serverStreaming(let body):
            guard let message = takeRequest() else { return }
            let end = HTTP2ServerStream(self)
            handlerStream = end
            body(context, message, end)
        case .bidirectional(let body):
            let end = HTTP2ServerStream(self)
            handlerStream = end
            body(context, end)
        }
    }

    private func takeRequest() -> [UInt8]? {
        guard let request, incoming.isBetweenMessages else {
            finish(.incompleteRequest(path))
            return nil
        }
        self.request = nil
        transport.counters.answered.messagesIn += 1
        return request
    }

    /// The peer has sent its last byte.
    func requestEnded() {
        guard isStreaming else { return dispatch() }
        hasEnded = true
        pump()
    }

    /// The handler asks for `count` more messages.
    func demand(_ count: Int) {
        guard isActive else { return }
        incoming.request(count)
        guard !isPumping, incoming.hasWaiting else { return }
        isPumping = true
        transport.reactor.post { [self] in
            isPumping = false
            pump()
        }
    }

    /// A message that was asked for has arrived.
    func deliver(_ message: [UInt8]) {
        guard isActive else { return }
        transport.counters.answered.messagesIn += 1
        handlerStream?.onMessage?(message)
    }

    /// Hands over what waits, as far as it was asked for, and the end behind it.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        do throws(RPCError) {
            var used = 0
            while isActive {
                let message = try incoming.next(used: &used)
                connection.release(stream, used)
                account()
                guard let message else { break }
                deliver(message)
            }
        } catch {
            transport.counters.note(error)
            return abort(error)
        }
        guard isActive, hasEnded, !incoming.hasWaiting else { return }
        guard incoming.isBetweenMessages else { return abort(.incompleteRequest(path)) }
        let tell = handlerStream?.onEnd
        handlerStream?.onEnd = nil
        tell?()
    }

    /// The request cannot be understood.
    func requestFailed() {
        if let failure { abort(failure) }
    }

    /// Nobody reads the request any more.
    func discardRequest() {
        request = nil
        if incoming.hasWaiting { connection.release(stream, incoming.discard()) }
    }
}
