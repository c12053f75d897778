import CNGHTTP2
import LehrRPC
import LehrReactor
import LehrWire

// How a call is answered.
extension ServerCall: DataSource {
    var isWritable: Bool {
        guard isActive else { return false }
        let hasRoom = outgoing.byteCount < transport.limits.streamQueueBytes
        if !hasRoom { wasUnwritable = true }
        return hasRoom
    }

    func answer(_ result: Result<[UInt8], RPCError>) {
        switch result {
        case .success(let message):
            guard isActive else { return }
            queue(message)
            finish(nil)
        case .failure(let error): finish(error)
        }
    }

    private func queue(_ message: [UInt8]) {
        transport.counters.answered.messagesOut += 1
        defer { account() }
        if !hasBegun, metadata.compresses { isGzip = head.acceptsGzip }
        if isGzip, metadata.compresses {
            outgoing.appendCompressed(message, ratioMax: transport.limits.compressionRatioMax)
        } else {
            outgoing.append(message)
        }
    }

    /// Queues a message of the answer.
    func send(_ message: [UInt8]) {
        guard isActive else { return }
        guard outgoing.byteCount < transport.limits.streamQueueBytesMax else {
            transport.counters.hit(.streamQueueBytes)
            return abort(.slowReader(path, outgoing.byteCount))
        }
        queue(message)
        if outgoing.byteCount >= transport.limits.streamQueueBytes { wasUnwritable = true }
        begin()
        resume()
    }

    /// Ends the call for the handler; nil: OK. The queue goes out before the status.
    func finish(_ error: RPCError?) {
        guard isActive else { return }
        let error = error ?? metadataError
        conclude(error)
        if !hasBegun, metadata.initial.isEmpty, outgoing.isEmpty, let error {
            submitTrailersOnly(error)
        } else {
            begin()
            resume()
        }
        connection.markDirty()
    }

    /// Ends the call over the head of the handler.
    func abort(_ error: RPCError) {
        guard isActive else { return }
        if hasBegun, !outgoing.isEmpty {
            // The queue may never drain, and trailers cannot overtake it.
            conclude(error)
            reset(error.code)
        } else {
            finish(error)
        }
        tellHandler()
    }

    /// Ends the call even when its answer is only waiting to be sent.
    func drop(_ error: RPCError) {
        if isActive {
            abort(error)
        } else if isOpen {
            reset(error.code)
        }
        discardRequest()
        if heldBytes > 0 { account() }
    }

    private func reset(_ status: StatusCode) {
        guard let session = connection.session else { return }
        outgoing.removeAll()
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream,
            status.resetCode(hasAnswered: hasAnswered))
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
        if metadata.initial.isEmpty, !isGzip {
            let fields = transport.standardFields.answer
            nghttp2_submit_response(session, stream, fields.baseAddress, fields.count, &provider)
        } else {
            transport.headers.removeAll()
            transport.headers.append(":status", "200")
            transport.headers.append("content-type", "application/grpc")
            if isGzip { transport.headers.append("grpc-encoding", "gzip") }
            transport.headers.append(metadata.initial)
            transport.headers.withFields { fields, count in
                _ = nghttp2_submit_response(session, stream, fields, count, &provider)
            }
        }
        connection.markDirty()
    }

    private func resume() {
        guard isDeferred, let session = connection.session else { return }
        isDeferred = false
        nghttp2_session_resume_data(session, stream)
        connection.markDirty()
    }

    var isComplete: Bool { isFinished }

    func lastFrame(_ count: Int, _ flags: inout UInt32) {
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if count > 0, error == nil, metadata.trailing.isEmpty, !connection.hasNewHeaderTable {
            // Nearly always: `trailers` follow, for which nghttp2 would do as much again as for DATA.
            flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        } else {
            flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            submitTrailers()
        }
    }

    var trailers: UnsafeRawBufferPointer? { transport.standardFields.successFrame }

    func hasRead() {
        hasAnswered = true
        account()
        if wasUnwritable, outgoing.byteCount < transport.limits.streamQueueBytes {
            wasUnwritable = false
            connection.noteWritable(self)
        }
    }

    private func submitTrailers() {
        guard let session = connection.session else { return }
        if error == nil, metadata.trailing.isEmpty {
            let fields = transport.standardFields.success
            nghttp2_submit_trailer(session, stream, fields.baseAddress, fields.count)
        } else {
            transport.headers.removeAll()
            addStatus(error ?? RPCError(.ok, ""))
            transport.headers.append(metadata.trailing)
            transport.headers.withFields { fields, count in
                _ = nghttp2_submit_trailer(session, stream, fields, count)
            }
        }
    }

    private func submitTrailersOnly(_ error: RPCError) {
        transport.headers.removeAll()
        transport.headers.append(":status", "200")
        transport.headers.append("content-type", "application/grpc")
        addStatus(error)
        transport.headers.append(metadata.trailing)
        if error.code == .unimplemented {
            transport.headers.append("grpc-accept-encoding", Gzip.accepted)
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
    func refuse(_ status: StaticString) {
        conclude(RPCError(.internal, "not a gRPC request"))
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
