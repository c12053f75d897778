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
        /// The stream was closed, with this code of HTTP/2.
        case closed(ClientCall, UInt32)
        case writable(ClientCall)
        /// The answer cannot be understood; the stream is still open.
        case failed(ClientCall, RPCError)
        case settings
        case goAway
    }

    private let endpoint: Endpoint
    private var connector: Connector?
    private var handshake: (any Handshake)?
    private var calls: [Int32: ClientCall] = [:]
    private var events: [Event] = []
    private var handling: [Event] = []
    private var isHandling = false
    /// Calls that the server has not begun to process.
    private var turnedAway: [ClientCall] = []
    /// Calls that the server may have begun to process when the connection ended, and why it did.
    private var lost: (calls: [ClientCall], error: RPCError)?
    private var hasConnected = false
    /// The server has sent its settings.
    private(set) var isGreeted = false
    private var isDraining = false
    /// Calls that wait may have a place now, here or on a connection yet to be made.
    private var hasNews = false
    /// Calls that the server allows at a time.
    private var callCountMax = 0
    /// Until the greeting, and then for signs of life.
    private var patience: TimerID?

    init(_ transport: HTTP2Transport, to endpoint: Endpoint) {
        self.endpoint = endpoint
        super.init(.client, transport)
        let timeout = transport.limits.connectTimeout
        patience = reactor.schedule(after: timeout) { [weak self] in
            guard let self else { return }
            transport.counters.hit(.connectTime)
            close(
                hasConnected
                    ? "the server has sent no SETTINGS in time"
                    : "cannot connect to \(endpoint.name): timed out", .limit)
        }
        connector = Connector(to: endpoint.address, on: reactor, timeout: timeout) {
            [weak self] result in
            guard let self else { return }
            connector = nil
            switch result {
            case .success(let socket): secure(socket)
            case .failure(let error): close(error.message, .failed)
            }
        }
    }

    private func secure(_ socket: Socket) {
        socket.shortenLocalQueue()
        guard let security = transport.security else { return begin(socket) }
        handshake = security.connect(
            socket, to: endpoint.server, on: reactor, timeout: transport.limits.handshakeTimeout
        ) { [weak self] result in
            guard let self else { return }
            handshake = nil
            transport.countHandshake(result)
            switch result {
            case .success(let secured): begin(secured.stream)
            case .failure(let error):
                close("cannot connect to \(endpoint.name): \(error.message)", .failed)
            }
        }
    }

    private func begin(_ stream: any ByteStream) {
        transport.counters.connectionsMade += 1
        hasConnected = true
        attach(stream)
    }

    var callCount: Int { calls.count }

    /// Whether one more call can begin here at once.
    var hasRoom: Bool {
        isGreeted && !isDraining && session != nil && calls.count < callCountMax
    }

    /// Submits a call, which goes out with the next flush; false: no call can begin here any more.
    func start(_ call: ClientCall) -> Bool {
        guard let session else { return false }
        call.writeHeaders(authority: endpoint.authority)
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
            // The numbers of streams are used up, or the server has said goodbye.
            retire()
            return false
        }
        calls[stream] = call
        call.begin(on: self, stream, at: endpoint.name)
        markDirty()
        return true
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

    /// Takes no more calls and ends with the last one; never inside this call.
    func retire() {
        isDraining = true
        endpoint.drains(self)
        guard calls.isEmpty else { return sendGoAway() }
        reactor.post { [weak self] in self?.close("it is not needed any more", .finished) }
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

    override func writeFrame(
        _ count: Int, behind head: UnsafePointer<UInt8>, of source: UnsafeMutableRawPointer,
        to output: OutputBuffer
    ) -> Bool {
        Unmanaged<ClientCall>.fromOpaque(source)._withUnsafeGuaranteedRef {
            $0.write(count, behind: head, to: output)
        }
    }

    override func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
        switch frame.kind {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            guard let call = calls[frame.hd.stream_id] else { return }
            call.commit()
            if frame.isEndOfStream { events.append(.ended(call, call.head.outcome(call.path))) }
        case NGHTTP2_SETTINGS.rawValue:
            guard let session, !frame.isAcknowledgement else { return }
            callCountMax = Int(
                nghttp2_session_get_remote_settings(
                    session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
            hasNews = true
            events.append(.settings)
        case NGHTTP2_GOAWAY.rawValue:
            isDraining = true
            hasNews = true
            events.append(.goAway)
        default: break
        }
    }

    override func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.kind == NGHTTP2_HEADERS.rawValue else { return }
        calls[frame.hd.stream_id]?.isSent = true
    }

    override func frameNotSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.kind == NGHTTP2_HEADERS.rawValue,
            let call = calls.removeValue(forKey: frame.hd.stream_id)
        else { return }
        turnedAway.append(call)
    }

    override func streamClosed(_ stream: Int32, _ code: UInt32) {
        guard let call = calls.removeValue(forKey: stream) else { return }
        hasNews = true
        // Also for the streams above the last one that a GOAWAY names.
        if code == NGHTTP2_REFUSED_STREAM.rawValue, call.isUnanswered {
            turnedAway.append(call)
        } else {
            events.append(.closed(call, code))
        }
    }

    // MARK: Outside

    /// Looks after a while whether anything has come; asks for a sign of life if not, and gives the
    /// connection up if none follows.
    private func keepAlive(isAsking: Bool = false) {
        guard session != nil, let interval = transport.limits.keepAliveInterval else { return }
        let seen = arrivals
        let wait = isAsking ? transport.limits.keepAliveTimeout : interval
        patience = reactor.schedule(after: wait) { [weak self] in
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
        // What runs here may come here again; what it has noted is worked off below.
        guard !isHandling else { return }
        isHandling = true
        while !events.isEmpty {
            swap(&handling, &events)
            for event in handling {
                switch event {
                case .message(let call, let message): call.deliver(message)
                case .ended(let call, let error): call.answerEnded(error)
                case .closed(let call, let code):
                    if call.isUnanswered { call.end(RPCError(reset: code, call.path)) }
                case .writable(let call): call.becameWritable()
                case .failed(let call, let error): call.end(error, resetting: true)
                case .settings: haveSettings()
                case .goAway: endpoint.drains(self)
                }
            }
            handling.removeAll(keepingCapacity: true)
        }
        isHandling = false
        passOnTurnedAway()
        failLost()
        guard hasNews, session != nil else { return }
        hasNews = false
        endpoint.madeRoom()
    }

    private func haveSettings() {
        guard !isGreeted, session != nil else { return }
        isGreeted = true
        if let patience { reactor.cancel(patience) }
        patience = nil
        keepAlive()
        endpoint.greeted()
    }

    private func passOnTurnedAway() {
        guard !turnedAway.isEmpty else { return }
        let calls = turnedAway.sorted { $0.stream < $1.stream }
        turnedAway = []
        endpoint.turnedAway(
            calls, RPCError(.unavailable, "\(endpoint.name) has turned the call away"),
            // A server that refuses and stays has too much to do: it is not asked again and again.
            replaysMax: isDraining || session == nil ? transport.limits.replaysMax : 1)
    }

    override func ended(_ reason: String) {
        if let patience { reactor.cancel(patience) }
        patience = nil
        connector?.cancel()
        connector = nil
        handshake?.cancel()
        handshake = nil
        let error = RPCError(
            .unavailable,
            hasConnected ? "the connection to \(endpoint.name) has ended: \(reason)" : reason)
        let orphans = calls.sorted { $0.key < $1.key }
        calls = [:]
        turnedAway += orphans.map(\.value).filter { !$0.isSent }
        lost = (orphans.map(\.value).filter(\.isSent), error)
        endpoint.ended(self, error)
        // What had arrived before the end counts.
        handleEvents()
    }

    private func failLost() {
        guard let lost else { return }
        self.lost = nil
        for call in lost.calls { call.fail(lost.error) }
    }
}
