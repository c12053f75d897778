import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor

/// A stream of bytes with an nghttp2 session on it: what servers' and clients' connections have in common.
///
/// Bytes go into the session when the stream is readable; what it has to say goes out once a turn,
/// when the transport calls `flush`. The subclass notes down what the session tells it and works it
/// off in `handleEvents`, outside of nghttp2, where foreign code may run.
class HTTP2Connection: PollTarget, SessionEvents {
    let transport: HTTP2Transport
    private(set) var session: OpaquePointer?
    private var stream: (any ByteStream)? {
        didSet { gathering = stream as? any GatheringStream }
    }
    /// The same, if it takes output in parts.
    private var gathering: (any GatheringStream)?
    private var token: PollToken?
    /// Bytes that the stream did not take, from `sentCount` on.
    private var unsent: [UInt8] = []
    private var sentCount = 0
    private var isDirty = false
    /// Times that something arrived.
    private(set) var arrivals: UInt64 = 0
    private var lingerTimer: TimerID?
    /// What the connection will have ended by when we have said goodbye.
    var farewell = ConnectionEnd.finished
    /// Bytes that have arrived and wait until a reader asks for them.
    var unread = 0
    /// Bytes by which the connection's window is kept smaller, because too many are unread.
    var withheld = 0
    /// Bytes of the connection's window that were used while nghttp2 took in what arrived.
    var consumed = 0

    /// Reads and writes of one connection before other work gets its turn.
    private static let readsPerTurn = 16
    /// Of what was read at once, the session first gets so much, some forty small calls, and while there
    /// are answers twice as much each time: the first leave early, and few system calls send them all.
    private static let firstPieceBytes = 5000
    private static let writtenPerTurn = 4 << 20
    /// How long a connection whose last bytes are out waits for its peer to close.
    private static let linger = Duration.milliseconds(250)

    init(_ side: HTTP2Session.Side, _ transport: HTTP2Transport) {
        self.transport = transport
        session = HTTP2Session.make(side, self, transport.limits, transport.memory)
    }

    deinit {
        if let session { nghttp2_session_del(session) }
    }

    var reactor: Reactor { transport.reactor }
    var isConnected: Bool { stream != nil }
    /// There is more to send than the socket takes.
    var isBackedUp: Bool { !unsent.isEmpty }

    // MARK: For subclasses to override; the `SessionEvents` run inside nghttp2.

    func headersBegan(_ frame: UnsafePointer<nghttp2_frame>) {}
    func header(
        _ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) -> Bool { true }
    func dataArrived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, isLast: Bool) {}
    func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {}
    func frameRefused(_ frame: UnsafePointer<nghttp2_frame>, _ cause: nghttp2_error) {}
    func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {}
    func frameNotSent(_ frame: UnsafePointer<nghttp2_frame>) {}
    func streamClosed(_ stream: Int32, _ code: UInt32) {}
    /// Appends a DATA frame with `count` bytes of `source`, a call; false: they are gone.
    func writeFrame(
        _ count: Int, behind head: UnsafePointer<UInt8>, of source: UnsafeMutableRawPointer,
        to output: OutputBuffer
    ) -> Bool { false }
    /// Works off what was noted down.
    func handleEvents() {}
    /// The session is gone; every call on it must end.
    func ended(_ reason: String) {}

    // MARK: Life

    /// Begins to read and write.
    func attach(_ stream: any ByteStream) {
        do throws(SystemError) {
            token = try reactor.watch(stream.descriptor, self)
            self.stream = stream
            transport.counters.connectionsOpen += 1
            markDirty()
            // What came with the end of a handshake is not announced again.
            if stream.hasUnread { reactor.post { self.read(.readable) } }
        } catch {
            close("\(error)", .failed)
        }
    }

    /// Ends the connection at once. Not inside nghttp2.
    func close(_ reason: String, _ end: ConnectionEnd) {
        guard let session else { return }
        self.session = nil
        if isConnected { transport.counters.closed(end) }
        nghttp2_session_del(session)
        if lingerTimer == nil { closeStream() }
        ended(reason)
    }

    /// Closing over bytes not read would reset the connection and lose what was just sent: ends this
    /// side only, and leaves the rest for later.
    func startLinger() {
        guard session != nil, lingerTimer == nil else { return }
        stream?.endWriting()
        lingerTimer = reactor.schedule(after: Self.linger) { self.closeStream() }
    }

    private func closeStream() {
        if let lingerTimer { reactor.cancel(lingerTimer) }
        if let token { reactor.unwatch(token) }
        guard let stream else { return }
        stream.close()
        self.stream = nil
        token = nil
        transport.counters.connectionsOpen -= 1
    }

    /// Says that no more calls are welcome; the connection ends with its last stream.
    func sendGoAway(_ code: nghttp2_error_code = NGHTTP2_NO_ERROR, _ reason: StaticString = "") {
        guard let session else { return }
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(session), code.rawValue, reason.utf8Start,
            reason.utf8CodeUnitCount)
        markDirty()
    }

    /// Asks the peer for a sign of life.
    func sendPing() {
        guard let session else { return }
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        markDirty()
    }

    /// Has the session's output sent at the end of this turn.
    func markDirty() {
        guard !isDirty, session != nil else { return }
        isDirty = true
        transport.flushLater(self)
    }

    // MARK: Reading

    func ready(_ readiness: Readiness) {
        if readiness.isReadable || stream?.hasUnread == true {
            read(readiness)
        }
        if readiness.isWritable, !unsent.isEmpty { markDirty() }
    }

    private func read(_ readiness: Readiness) {
        for _ in 0..<Self.readsPerTurn {
            guard let stream else { return }
            let buffer = reactor.readBuffer
            switch stream.read(into: buffer) {
            case .bytes(let count):
                receive(buffer[..<count])
                // A short read has emptied the stream, unless its end follows.
                if count < buffer.count, !readiness.isEnded, !stream.hasUnread {
                    return
                }
            case .wouldBlock: return
            case .ended: return hungUp("the peer closed the connection", .peer)
            case .failed(let cause): return hungUp("\(SystemError("read", cause))", .failed)
            case .broken(let reason): return hungUp(reason, .failed)
            }
        }
        reactor.post { self.read(readiness) }
    }

    private func hungUp(_ reason: String, _ end: ConnectionEnd) {
        if session == nil { closeStream() } else { close(reason, end) }
    }

    private func receive(_ bytes: Slice<UnsafeMutableRawBufferPointer>) {
        arrivals &+= 1
        transport.counters.bytesIn += UInt64(bytes.count)
        if arrivals == 1, session != nil, Self.isTLS(UnsafeRawBufferPointer(rebasing: bytes)) {
            return close("the peer speaks TLS, and this side does not", .violation)
        }
        var rest = bytes
        var size = Self.firstPieceBytes
        // Without a session the connection lingers: what comes is of no interest.
        while let session, !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(size))
            rest = rest.dropFirst(size)
            let start = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let status = nghttp2_session_mem_recv(session, start, piece.count)
            guard status >= 0 else { return refuse(status) }
            giveBackWindow()
            handleEvents()
            guard let session = self.session, !rest.isEmpty else { break }
            // The peer has its answers to a piece while we work on the next: else each would wait
            // for the other in turns. Of large messages nothing is answered in between.
            if nghttp2_session_want_write(session) != 0 {
                write(atMost: HTTP2Transport.outputBytes)
                size *= 2
            } else {
                size = rest.count
            }
        }
        markDirty()
    }

    // MARK: Writing

    /// Sends what the session has to say, as far as the stream takes it.
    func flush() {
        isDirty = false
        write(atMost: Self.writtenPerTurn)
    }

    /// What is beyond about `bytesMax` waits for the next flush.
    private func write(atMost bytesMax: Int) {
        var budget = bytesMax
        while stream != nil, session != nil, budget > 0 {
            if unsent.isEmpty {
                guard gather() else { break }
                let output = transport.output
                budget -= output.count
                let taken = send(output)
                if taken < output.count { unsent = output.bytes(after: taken) }
                output.removeAll()
            } else {
                sentCount += unsent.withUnsafeBytes { send($0[sentCount...]) }
                if sentCount == unsent.count {
                    unsent = []
                    sentCount = 0
                }
            }
            guard unsent.isEmpty else { break }
        }
        handleEvents()
        if budget <= 0 { markDirty() }
        closeIfDone()
    }

    /// Takes output from the session into the transport's buffer; false: there is none.
    private func gather() -> Bool {
        let output = transport.output
        output.removeAll(mayBorrow: gathering != nil)
        while let session, output.count < HTTP2Transport.outputBytes {
            var start: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &start)
            guard count >= 0 else {
                output.removeAll()
                close("cannot send: \(errorText(count))", .failed)
                return false
            }
            guard count > 0, let start else { break }
            output.append(start, count)
        }
        return output.count > 0
    }

    /// Inside nghttp2: writes a DATA frame of `count` bytes, whose head is `head`.
    func writeData(
        _ head: UnsafePointer<UInt8>, _ count: Int, from source: UnsafeMutableRawPointer
    ) -> nghttp2_error? {
        let output = transport.output
        // It comes again when this much has gone out.
        guard output.count < HTTP2Transport.outputBytes else { return NGHTTP2_ERR_WOULDBLOCK }
        return writeFrame(count, behind: head, of: source, to: output)
            ? nil : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
    }

    /// Sends bytes and returns how many of them the stream took; none of a connection that ends.
    private func send(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        sent(stream?.write(UnsafeRawBufferPointer(rebasing: bytes)))
    }

    private func send(_ output: OutputBuffer) -> Int {
        if let bytes = output.wholeBytes { return sent(stream?.write(bytes)) }
        return output.withParts { sent(gathering?.write($0)) }
    }

    private func sent(_ transfer: Transfer?) -> Int {
        switch transfer {
        case .bytes(let count):
            transport.counters.bytesOut += UInt64(count)
            return count
        case .failed(let cause): close("\(SystemError("write", cause))", .failed)
        case .broken(let reason): close(reason, .failed)
        case .wouldBlock, .ended, nil: break
        }
        return 0
    }

    private func closeIfDone() {
        guard let session, unsent.isEmpty, nghttp2_session_want_read(session) == 0,
            nghttp2_session_want_write(session) == 0
        else { return }
        startLinger()
        close("the connection was shut down", farewell)
    }

    /// Whether bytes that begin a connection are a record of TLS: of a handshake, or an alert. As
    /// HTTP/2 they would begin a frame longer than any that is allowed before the settings.
    private static func isTLS(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 3
    }
}
