import CNGHTTP2
import LehrRPC
import LehrReactor

/// A connection whose peer makes calls.
final class ServerConnection: HTTP2Connection {
    /// What happened inside nghttp2 and is to be worked off outside.
    private enum Event {
        case streaming(ServerCall)
        case message(ServerCall, [UInt8])
        case failed(ServerCall)
        case request(ServerCall)
        case closed(ServerCall)
        case writable(ServerCall)
        case pingFlood
    }

    let services: ServiceTable
    let peer: String
    /// Who the peer is by its certificate.
    let identity: PeerIdentity?
    /// The calls of the open streams, in no order; nghttp2 has each with its stream.
    private(set) var calls: [ServerCall] = []
    var life = ServerConnectionLife()
    private var events: [Event] = []
    private var handling: [Event] = []
    private var isHandling = false
    private var paths: [KnownPath] = []
    private let headerBytesMax: Int

    /// Methods remembered by a connection.
    private static let pathsMax = 32

    init(
        _ transport: HTTP2Transport, _ services: ServiceTable, peer: SocketAddress?,
        identity: PeerIdentity? = nil
    ) {
        self.services = services
        self.identity = identity
        headerBytesMax = transport.limits.headerBytesMax
        self.peer = peer?.description ?? "unknown"
        super.init(.server, transport)
    }

    /// Ends every call over the heads of the handlers.
    func abort(_ error: RPCError) {
        for call in calls { call.abort(error) }
    }

    func noteWritable(_ call: ServerCall) { events.append(.writable(call)) }

    /// The head of a call is here whose handler reads as messages come.
    func noteStreaming(_ call: ServerCall) { events.append(.streaming(call)) }

    func noteMessage(_ call: ServerCall, _ message: [UInt8]) {
        events.append(.message(call, message))
    }

    /// The request of a call cannot be understood.
    func noteFailure(_ call: ServerCall) { events.append(.failed(call)) }

    // MARK: Inside nghttp2

    override func headersBegan(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.category == NGHTTP2_HCAT_REQUEST, let session else { return }
        let call = ServerCall(frame.hd.stream_id, self)
        life.callsBegun &+= 1
        call.place = calls.count
        calls.append(call)
        nghttp2_session_set_stream_user_data(
            session, call.stream, Unmanaged.passUnretained(call).toOpaque())
    }

    override func header(
        _ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) {
        guard frame.category == NGHTTP2_HCAT_REQUEST else { return }
        call(frame.hd.stream_id)?._withUnsafeGuaranteedRef { call in
            if name.equals(":path") { call.head.path = findPath(value) }
            call.head.add(name, value, bytesMax: headerBytesMax)
        }
    }

    override func dataArrived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        let used = call(stream)?._withUnsafeGuaranteedRef { $0.receive(bytes) }
        account(stream, arrived: bytes.count, used: used ?? bytes.count, isLast: isLast)
    }

    override func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
        if frame.kind == NGHTTP2_PING.rawValue {
            if frame.isAcknowledgement {
                sendFinalGoAway()
            } else if life.pinged(at: reactor.now, transport.limits) {
                events.append(.pingFlood)
            }
            return
        }
        let isHeaders = frame.kind == NGHTTP2_HEADERS.rawValue
        guard isHeaders || frame.kind == NGHTTP2_DATA.rawValue, let call = call(frame.hd.stream_id)
        else { return }
        call._withUnsafeGuaranteedRef { call in
            if isHeaders, frame.category == NGHTTP2_HCAT_REQUEST { call.headComplete() }
            if frame.isEndOfStream { events.append(.request(call)) }
        }
    }

    override func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.isEndOfStream, let session,
            nghttp2_session_get_stream_remote_close(session, frame.hd.stream_id) == 0
        else { return }
        // An early answer: the rest of the request is of no use.
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), frame.hd.stream_id,
            NGHTTP2_NO_ERROR.rawValue)
    }

    override func streamClosed(_ stream: Int32, _ code: UInt32) {
        guard let call = call(stream)?.takeUnretainedValue() else { return }
        let last = calls.removeLast()
        if last !== call {
            calls[call.place] = last
            last.place = call.place
        }
        call.streamClosed()
        events.append(.closed(call))
    }

    /// The call of an open stream, which `calls` keeps.
    private func call(_ stream: Int32) -> Unmanaged<ServerCall>? {
        guard let session, let data = nghttp2_session_get_stream_user_data(session, stream) else {
            return nil
        }
        return Unmanaged.fromOpaque(data)
    }

    private func findPath(_ bytes: UnsafeRawBufferPointer) -> KnownPath {
        if let known = paths.first(where: { bytes.elementsEqual($0.bytes) }) { return known }
        let path = KnownPath(bytes, services)
        if path.route != nil, paths.count < Self.pathsMax { paths.append(path) }
        return path
    }

    // MARK: Outside

    override func handleEvents() {
        // What runs here may come here again; what it has noted is worked off below.
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        while !events.isEmpty {
            swap(&handling, &events)
            for event in handling {
                switch event {
                case .streaming(let call): call.dispatch()
                case .message(let call, let message): call.deliver(message)
                case .failed(let call): call.requestFailed()
                case .request(let call): call.requestEnded()
                case .closed(let call): call.closed()
                case .writable(let call): call.becameWritable()
                case .pingFlood: hangUpOnPings()
                }
            }
            handling.removeAll(keepingCapacity: true)
        }
    }

    override func ended(_ reason: String) {
        var orphans = calls
        for case .closed(let call) in events { orphans.append(call) }
        events = []
        calls = []
        cancelLifeTimers()
        transport.ended(self)
        for call in orphans { call.closed() }
    }
}
