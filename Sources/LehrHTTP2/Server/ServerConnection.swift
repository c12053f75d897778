import CNGHTTP2
import DequeModule
import LehrRPC
import LehrReactor

/// A connection whose peer makes calls.
final class ServerConnection: HTTP2Connection {
    /// What happened inside nghttp2 and is to be worked off outside.
    private struct Event {
        enum Kind {
            case streaming, message, failed, request, closed, writable, tooMuchHeld
            case pingFlood, frameFlood, headerFlood
        }

        let kind: Kind
        /// Retained until the event is worked off; by hand, for two events of each call make counting
        /// references a good part of its cost.
        let call: Unmanaged<ServerCall>?
    }

    let services: ServiceTable
    let peer: String
    /// Who the peer is by its certificate.
    let identity: PeerIdentity?
    let peerHost: String?
    /// The calls of the open streams, in no order; nghttp2 has each with its stream.
    private(set) var calls: [ServerCall] = []
    var life = ServerConnectionLife()
    private var budget: FrameBudget
    /// Bytes that its calls hold.
    private(set) var heldBytes = 0
    private var events: [Event] = []
    private var handling: [Event] = []
    /// Of the events of that kind, in their order.
    private var messages = Deque<[UInt8]>()
    /// The call that was asked for last, which spares nghttp2 looking for it: the fields and frames of
    /// a small request come one behind the other. It is among `calls`.
    private var recent: (stream: Int32, call: Unmanaged<ServerCall>)?
    /// The peer has changed the table of fields on the way. What is encoded next has to tell of it, and
    /// only nghttp2 knows how (RFC 9113, 4.3.1).
    private(set) var hasNewHeaderTable = false
    private var isHandling = false
    private var paths: [KnownPath] = []
    private let headerBytesMax: Int

    /// Methods remembered by a connection.
    private static let pathsMax = 32

    init(
        _ transport: HTTP2Transport, _ services: ServiceTable, peer: HostPort?,
        identity: PeerIdentity? = nil
    ) {
        self.services = services
        self.identity = identity
        headerBytesMax = transport.limits.headerBytesMax
        self.peer = peer?.description ?? "unknown"
        peerHost = peer?.host
        budget = FrameBudget(
            burst: transport.limits.idleFramesBurst,
            perSecond: transport.limits.idleFramesPerSecond, at: transport.reactor.now)
        super.init(.server, transport)
    }

    /// Ends calls over the heads of the handlers.
    func abort(_ error: RPCError, where isMeant: (ServerCall) -> Bool = { _ in true }) {
        for call in calls where isMeant(call) { call.abort(error) }
    }

    private func note(_ kind: Event.Kind, _ call: ServerCall? = nil) {
        events.append(Event(kind: kind, call: call.map { .passRetained($0) }))
    }

    func noteWritable(_ call: ServerCall) { note(.writable, call) }

    /// The head of a call is here whose handler reads as messages come.
    func noteStreaming(_ call: ServerCall) { note(.streaming, call) }

    func noteMessage(_ call: ServerCall, _ message: [UInt8]) {
        messages.append(message)
        note(.message, call)
    }

    /// The request of a call cannot be understood.
    func noteFailure(_ call: ServerCall) { note(.failed, call) }

    /// A call holds `change` more bytes than before.
    func hold(_ change: Int, for call: ServerCall) {
        // Of one that has ended the books are closed.
        guard session != nil else { return }
        heldBytes += change
        transport.counters.heldBytes += change
        guard change > 0 else { return }
        if heldBytes > transport.limits.connectionBytesMax
            || transport.counters.heldBytes > transport.limits.serverBytesMax
        {
            note(.tooMuchHeld, call)
            // Also when nothing arrives that would have events looked at.
            markDirty()
        }
    }

    private func shed(_ call: ServerCall) {
        let limits = transport.limits
        if heldBytes > limits.connectionBytesMax, call.heldBytes > 0 {
            transport.counters.hit(.connectionBytes)
            call.drop(.tooMuchHeld(heldBytes))
        }
        if transport.counters.heldBytes > limits.serverBytesMax { transport.relieve() }
    }

    // MARK: Inside nghttp2

    override func headersBegan(_ frame: UnsafePointer<nghttp2_frame>) {
        life.headBegan = life.tick
        guard frame.category == NGHTTP2_HCAT_REQUEST, let session else { return }
        let call = ServerCall(frame.hd.stream_id, self)
        life.callsBegun &+= 1
        call.place = calls.count
        calls.append(call)
        recent = (call.stream, .passUnretained(call))
        nghttp2_session_set_stream_user_data(
            session, call.stream, Unmanaged.passUnretained(call).toOpaque())
    }

    override func header(
        _ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) -> Bool {
        let isRequest = frame.category == NGHTTP2_HCAT_REQUEST
        return call(frame.hd.stream_id)?._withUnsafeGuaranteedRef { call in
            if isRequest {
                // The length alone tells it apart from nearly all others.
                if name.count == 5, name.equals(":path") { call.head.path = findPath(value) }
                call.head.add(name, value, bytesMax: headerBytesMax)
            } else {
                call.head.pass(name, value)
            }
            guard call.head.byteCount > 8 * headerBytesMax else { return true }
            note(.headerFlood)
            return false
        } ?? true
    }

    override func dataArrived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, isLast: Bool) {
        let used = call(stream)?._withUnsafeGuaranteedRef { $0.receive(bytes) }
        account(stream, arrived: bytes.count, used: used ?? bytes.count, isLast: isLast)
    }

    override func writeFrame(
        _ count: Int, behind head: UnsafePointer<UInt8>, of source: UnsafeMutableRawPointer,
        to output: OutputBuffer
    ) -> Bool {
        Unmanaged<ServerCall>.fromOpaque(source)._withUnsafeGuaranteedRef {
            $0.write(count, behind: head, to: output)
        }
    }

    override func frameArrived(_ frame: UnsafePointer<nghttp2_frame>) {
        if frame.kind == NGHTTP2_PING.rawValue {
            if frame.isAcknowledgement {
                sendFinalGoAway()
            } else if life.pinged(at: reactor.now, transport.limits) {
                note(.pingFlood)
            }
            return
        }
        if isIdle(takingNoteOf: frame) { spend() }
        let isHeaders = frame.kind == NGHTTP2_HEADERS.rawValue
        guard isHeaders || frame.kind == NGHTTP2_DATA.rawValue, let call = call(frame.hd.stream_id)
        else { return }
        call._withUnsafeGuaranteedRef { call in
            if isHeaders, frame.category == NGHTTP2_HCAT_REQUEST { call.headComplete() }
            if frame.isEndOfStream { note(.request, call) }
        }
    }

    override func frameRefused(_ frame: UnsafePointer<nghttp2_frame>, _ cause: nghttp2_error) {
        life.headBegan = nil
        let isSurplus =
            cause == NGHTTP2_ERR_PROTO && frame.kind == NGHTTP2_HEADERS.rawValue
            && calls.count >= transport.limits.streamsPerConnectionMax
        if cause == NGHTTP2_ERR_REFUSED_STREAM || isSurplus { transport.counters.hit(.streams) }
        if cause == NGHTTP2_ERR_REFUSED_STREAM { spend() }
    }

    /// Whether a frame brings no call further.
    private func isIdle(takingNoteOf frame: UnsafePointer<nghttp2_frame>) -> Bool {
        switch frame.kind {
        case NGHTTP2_HEADERS.rawValue:
            life.headBegan = nil
            return false
        case NGHTTP2_DATA.rawValue:
            return frame.hd.length <= frame.pointee.data.padlen && !frame.isEndOfStream
        case NGHTTP2_SETTINGS.rawValue:
            if frame.isAcknowledgement {
                life.hasAcknowledged = true
                return false
            }
            // What greets comes before the first answer, whose fields nghttp2 encodes.
            if life.isGreeted, frame.setsHeaderTable { hasNewHeaderTable = true }
            life.isGreeted = true
            return true
        case NGHTTP2_RST_STREAM.rawValue, NGHTTP2_PRIORITY.rawValue,
            NGHTTP2_WINDOW_UPDATE.rawValue:
            return true
        default: return false
        }
    }

    private func spend() {
        if budget.spend(at: reactor.now) { note(.frameFlood) }
    }

    override func frameSent(_ frame: UnsafePointer<nghttp2_frame>) {
        guard frame.isOfCall else {
            // An RST_STREAM that the peer has forced us to send.
            if frame.kind == NGHTTP2_RST_STREAM.rawValue,
                frame.pointee.rst_stream.error_code != NGHTTP2_NO_ERROR.rawValue,
                frame.pointee.rst_stream.error_code != NGHTTP2_REFUSED_STREAM.rawValue
            {
                spend()
            }
            return
        }
        if life.hasPing { life.answered() }
        budget.earn(frame.hd.length)
        guard frame.isEndOfStream, let session else { return }
        budget.earnCall()
        guard nghttp2_session_get_stream_remote_close(session, frame.hd.stream_id) == 0 else {
            return
        }
        // An early answer: the rest of the request is of no use.
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), frame.hd.stream_id,
            NGHTTP2_NO_ERROR.rawValue)
    }

    override func streamClosed(_ stream: Int32, _ code: UInt32) {
        guard let place = call(stream)?._withUnsafeGuaranteedRef({ $0.place }) else { return }
        recent = nil
        if place < calls.count - 1 {
            calls.withUnsafeMutableBufferPointer { $0.swapAt(place, $0.count - 1) }
            calls[place].place = place
        }
        let call = calls.removeLast()
        call.streamClosed()
        events.append(Event(kind: .closed, call: .passRetained(call)))
    }

    /// The call of an open stream, which `calls` keeps.
    private func call(_ stream: Int32) -> Unmanaged<ServerCall>? {
        if let recent, recent.stream == stream { return recent.call }
        guard let session, let data = nghttp2_session_get_stream_user_data(session, stream) else {
            return nil
        }
        let call = Unmanaged<ServerCall>.fromOpaque(data)
        recent = (stream, call)
        return call
    }

    private func findPath(_ bytes: UnsafeRawBufferPointer) -> KnownPath {
        if let known = paths.first(where: { $0.matches(bytes) }) { return known }
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
                if let call = event.call {
                    call._withUnsafeGuaranteedRef { handle(event.kind, $0) }
                    call.release()
                } else {
                    handle(event.kind)
                }
            }
            handling.removeAll(keepingCapacity: true)
        }
    }

    private func handle(_ kind: Event.Kind, _ call: ServerCall) {
        switch kind {
        case .streaming: call.dispatch()
        case .message:
            if let message = messages.popFirst() { call.deliver(message) }
        case .failed: call.requestFailed()
        case .request: call.requestEnded()
        case .closed: call.closed()
        case .writable: call.becameWritable()
        case .tooMuchHeld: shed(call)
        case .pingFlood, .frameFlood, .headerFlood: handle(kind)
        }
    }

    private func handle(_ flood: Event.Kind) {
        switch flood {
        case .pingFlood: hangUp(.pings, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings")
        case .headerFlood:
            hangUp(.headerBytes, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_header_bytes")
        default: hangUp(.frames, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames")
        }
    }

    override func ended(_ reason: String) {
        var orphans = calls
        for event in events {
            let call = event.call?.takeRetainedValue()
            if event.kind == .message { messages.removeLast() }
            if event.kind == .closed, let call { orphans.append(call) }
        }
        events = []
        calls = []
        recent = nil
        // At once, and not call by call: who makes room looks at it next.
        transport.counters.heldBytes -= heldBytes
        heldBytes = 0
        cancelLifeTimers()
        transport.ended(self)
        for call in orphans { call.closed() }
    }
}
