import CNGHTTP2
import LehrRPC
import LehrReactor
import LehrWire

// The messages of a call, in both directions.
extension ClientCall: DataSource {
    // MARK: The request

    var isWritable: Bool {
        guard completion != nil, isSending else { return false }
        let hasRoom = outgoing.byteCount < transport.limits.streamQueueBytes
        if !hasRoom { wasUnwritable = true }
        return hasRoom
    }

    func send(_ message: [UInt8]) {
        guard completion != nil, isSending else { return }
        guard outgoing.byteCount < transport.limits.streamQueueBytesMax else {
            transport.counters.hit(.streamQueueBytes)
            connection?.reset(stream)
            return failSoon(.slowServer(path, outgoing.byteCount))
        }
        let before = outgoing.byteCount
        put(message)
        do throws(RPCError) {
            if isWaiting { try channel.grow(by: outgoing.byteCount - before) }
        } catch {
            return failSoon(error)
        }
        if outgoing.byteCount >= transport.limits.streamQueueBytes { wasUnwritable = true }
        resume()
    }

    func put(_ message: [UInt8]) {
        transport.counters.made.messagesOut += 1
        let ratioMax = transport.limits.compressionRatioMax
        let packed = options.compresses ? Gzip.compress(message, ratioMax: ratioMax) : nil
        outgoing.append(packed ?? message, isCompressed: packed != nil)
        keepAlso(packed ?? message, isCompressed: packed != nil)
    }

    func finishSending() {
        guard completion != nil, isSending else { return }
        isSending = false
        resume()
    }

    private func resume() {
        guard isDeferred else { return }
        isDeferred = false
        connection?.resume(stream)
    }

    func becameWritable() {
        guard isWritable else { return }
        onWritable?()
    }

    var isComplete: Bool { !isSending }

    func lastFrame(_ count: Int, _ flags: inout UInt32) {
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
    }

    var trailers: UnsafeRawBufferPointer? { nil }

    func hasRead() {
        if wasUnwritable, outgoing.byteCount < transport.limits.streamQueueBytes {
            wasUnwritable = false
            connection?.noteWritable(self)
        }
    }

    // MARK: The answer

    /// Inside nghttp2: cuts DATA into messages; returns how many bytes are done with.
    func receive(
        _ bytes: UnsafeRawBufferPointer, _ emit: (consuming [UInt8]) -> Void
    ) throws(RPCError) -> Int {
        // After an end the rest is read only to be thrown away.
        guard completion != nil else { return bytes.count }
        incoming.allowsGzip = head.isGzip
        return try incoming.feed(bytes, emit)
    }

    func request(_ count: Int) {
        guard completion != nil else { return }
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
        transport.counters.made.messagesIn += 1
        switch completion {
        case .unary:
            guard answer == nil else { return end(.surplusAnswer(path), resetting: true) }
            answer = message
        case .stream(let onMessage, _): onMessage(message)
        case nil: break
        }
    }

    /// The last frame of the answer has come.
    func answerEnded(_ error: RPCError?) {
        guard outcome == nil else { return }
        outcome = .some(error)
        pump()
    }

    /// Hands over what waits, as far as it was asked for, and the end behind it.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        do throws(RPCError) {
            var used = 0
            while incoming.hasWaiting, completion != nil {
                let message = try incoming.next(used: &used)
                connection?.release(stream, used)
                guard let message else { break }
                deliver(message)
            }
        } catch {
            transport.counters.note(error)
            return end(error, resetting: true)
        }
        guard !incoming.hasWaiting, case .some(let error) = outcome else { return }
        let isWhole = error != nil || incoming.isBetweenMessages
        end(isWhole ? error : RPCError(.internal, "the answer to \(path) ends within a message"))
    }
}
