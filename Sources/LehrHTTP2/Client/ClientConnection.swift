import CNGHTTP2
import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// A connection on which we make calls. Calls may be submitted while it is still being made.
final class ClientConnection: HTTP2Connection {
    /// What happened inside nghttp2 and is to be worked off outside.
    private enum Event {
        case message(ClientCall, [UInt8])
        case ended(ClientCall, RPCError?)
        /// The stream was closed without a status.
        case reset(ClientCall, RPCError)
        case writable(ClientCall)
        /// The answer cannot be understood; the stream is still open.
        case failed(ClientCall, RPCError)
    }

    private weak var channel: HTTP2Channel?
    private let target: HostPort
    private var connector: Connector?
    private var handshake: (any Handshake)?
    private var calls: [Int32: ClientCall] = [:]
    private var events: [Event] = []
    /// Calls whose headers are not sent yet.
    private var pendingCount = 0
    private var hasConnected = false
    /// The server has sent its settings.
    private(set) var wasGreeted = false
    private var isDraining = false
    private var keepAliveTimer: TimerID?

    init(_ transport: HTTP2Transport, to target: HostPort, for channel: HTTP2Channel) {
        self.target = target
        self.channel = channel
        super.init(.client, transport)
        let begun = reactor.now
        connector = Connector(
            to: target, on: reactor, timeout: transport.limits.connectTimeout
        ) { [weak self] result in
            guard let self else { return }
            connector = nil
            switch result {
            case .success(let socket): secure(socket)
            case .failure(let error):
                if reactor.now - begun >= transport.limits.connectTimeout {
                    transport.counters.hit(.connectTime)
                }
                close(error.message, .failed)
            }
        }
    }

    private func secure(_ socket: Socket) {
        guard let security = transport.security else { return begin(socket) }
        handshake = security.connect(
            socket, to: target, on: reactor, timeout: transport.limits.handshakeTimeout
        ) { [weak self] result in
            guard let self else { return }
            handshake = nil
            transport.countHandshake(result)
            switch result {
            case .success(let secured): begin(secured.stream)
            case .failure(let error):
                close("cannot connect to \(target): \(error.message)", .failed)
            }
        }
    }

    private func begin(_ stream: any ByteStream) {
        transport.counters.connectionsMade += 1
        hasConnected = true
        attach(stream)
        keepAlive()
    }

    var takesCalls: Bool {
        guard let session, !isDraining else { return false }
        return nghttp2_session_check_request_allowed(session) != 0
    }

    /// Submits a call; it goes out with the next flush.
    func start(_ call: ClientCall) throws(RPCError) {
        guard let session else { throw RPCError(.unavailable, "the connection has ended") }
        guard pendingCount < transport.limits.pendingCallsMax else {
            transport.counters.hit(.pendingCalls)
            throw RPCError(
                .resourceExhausted, "\(pendingCount) calls to \(target) wait for it already")
        }
        call.writeHeaders(authority: channel?.address ?? target.description)
        var provider = nghttp2_data_provider()
        provider.source.ptr = Unmanaged.passUnretained(call).toOpaque()
        provider.read_callback = { _, _, buffer, size, flags, source, _ in
            guard let call = source?.pointee.ptr, let buffer, let flags else {
                return ssize_t(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
            }
            return Unmanaged<ClientCall>.fromOpaque(call).takeUnretainedValue().read(
                into: UnsafeMutableRawBufferPointer(start: buffer, count: size), &flags.pointee)
        }
        let stream = transport.headers.withFields { fields, count in
            nghttp2_submit_request(session, nil, fields, count, &provider, nil)
        }
        guard stream > 0 else {
            isDraining = true
            throw RPCError(
                .unavailable,
                "cannot begin a call to \(target): \(String(cString: nghttp2_strerror(stream)))")
        }
        calls[stream] = call
        pendingCount += 1
        call.begin(on: self, stream)
        markDirty()
    }

    func noteWritable(_ call: ClientCall) { events.append(.writable(call)) }

    /// Has the session ask a deferred call for data again.
    func resume(_ stream: Int32) {
        guard let session else { return }
        nghttp2_session_resume_data(session, stream)
        markDirty()
    }

    /// Tells the server that a call is of no interest any more.
    func reset(_ stream: Int32) {
        guard let session, calls[stream] != nil else { return }
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, NGHTTP2_CANCEL.rawValue)
        markDirty()
    }

    /// Ends every call with UNAVAILABLE, says goodbye and closes.
    func shutDown() {
        sendGoAway()
        flush()
        close("the client has shut down", .shutDown)
    }

    // MARK: Inside nghttp2

    override func header(
        _ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) -> Bool {
        // An answer of headers alone has its metadata with its status.
        let isTrailer = frame.category == NGHTTP2_HCAT_HEADERS || frame.isEndOfStream
        let bytesMax = transport.limits.headerBytesMax
        guard let call = calls[frame.hd.stream_id] else { return true }
        let wasShort = call.head.byteCount <= bytesMax
        call.head.add(name, value, isTrailer: isTrailer, bytesMax: bytesMax)
        if wasShort, call.head.byteCount > bytesMax { transport.counters.hit(.headerBytes) }
        return call.head.byteCount <= 8 * bytesMax
    }

    override func dataArrived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        var used = bytes.count
        defer { account(stream, arrived: bytes.count, used: used, isLast: isLast) }
        guard let call = calls[stream] else { return }
        do throws(RPCError) {
            used = try call.receive(bytes) { events.append(.message(call, $0)) }
        } catch {
            transport.counters.note(error)
            events.append(.failed(call, error))
        }
    }

    override func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
        switch frame.kind {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard frame.isEndOfStream, let call = calls[frame.hd.stream_id] else { return }
            events.append(.ended(call, call.head.outcome(call.path)))
        case NGHTTP2_SETTINGS.rawValue:
            guard !wasGreeted else { return }
            wasGreeted = true
            channel?.greeted()
        case NGHTTP2_GOAWAY.rawValue:
            isDraining = true
        default: break
        }
    }

    override func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.kind == NGHTTP2_HEADERS.rawValue else { return }
        pendingCount -= 1
    }

    override func frameNotSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.kind == NGHTTP2_HEADERS.rawValue else { return }
        pendingCount -= 1
        guard let call = calls.removeValue(forKey: frame.hd.stream_id) else { return }
        events.append(.reset(call, RPCError(.unavailable, "the connection to \(target) is ending")))
    }

    override func streamClosed(_ stream: Int32, _ code: UInt32) {
        guard let call = calls.removeValue(forKey: stream) else { return }
        events.append(.reset(call, RPCError(reset: code, call.path)))
    }

    // MARK: Outside

    /// Looks after a while whether anything has come; asks for a sign of life if not, and gives the
    /// connection up if none follows.
    private func keepAlive(isAsking: Bool = false) {
        guard session != nil, let interval = transport.limits.keepAliveInterval else { return }
        let seen = arrivals
        let wait = isAsking ? transport.limits.keepAliveTimeout : interval
        keepAliveTimer = reactor.schedule(after: wait) { [weak self] in
            guard let self, session != nil else { return }
            if arrivals != seen || calls.isEmpty { return keepAlive() }
            if isAsking {
                transport.counters.hit(.keepAliveTime)
                return close("the server gives no sign of life", .limit)
            }
            sendPing()
            keepAlive(isAsking: true)
        }
    }

    override func handleEvents() {
        while !events.isEmpty {
            var batch: [Event] = []
            swap(&batch, &events)
            for event in batch {
                switch event {
                case .message(let call, let message): call.deliver(message)
                case .ended(let call, let error): call.answerEnded(error)
                case .reset(let call, let error): call.fail(error)
                case .writable(let call): call.becameWritable()
                case .failed(let call, let error): call.end(error, resetting: true)
                }
            }
        }
    }

    override func ended(_ reason: String) {
        if let keepAliveTimer { reactor.cancel(keepAliveTimer) }
        connector?.cancel()
        connector = nil
        handshake?.cancel()
        handshake = nil
        let error = RPCError(
            .unavailable,
            hasConnected ? "the connection to \(target) has ended: \(reason)" : reason)
        // What had arrived before the end counts.
        handleEvents()
        let orphans = calls.sorted { $0.key < $1.key }
        calls = [:]
        channel?.ended(self, error)
        for (_, call) in orphans { call.fail(error) }
    }
}
