import CNGHTTP2
import LehrRPC

/// What nghttp2 tells of a session. Called inside nghttp2: note it down and return; submitting is
/// allowed, receiving, sending, deleting and foreign code are not.
protocol SessionEvents: AnyObject {
    func headersBegan(_ frame: UnsafePointer<nghttp2_frame>)
    /// False: the rest of the header list is of no interest; its stream is reset.
    func header(
        _ frame: UnsafePointer<nghttp2_frame>, _ name: UnsafeRawBufferPointer,
        _ value: UnsafeRawBufferPointer
    ) -> Bool
    /// `isLast`: of a frame that ends the peer's side of the stream.
    func dataArrived(_ stream: Int32, _ bytes: UnsafeRawBufferPointer, isLast: Bool)
    func frameArrived(_ frame: UnsafePointer<nghttp2_frame>)
    /// A frame has broken the protocol or met a bound of nghttp2's, which knows what to answer.
    func frameRefused(_ frame: UnsafePointer<nghttp2_frame>, _ cause: nghttp2_error)
    func frameSent(_ frame: UnsafePointer<nghttp2_frame>)
    /// Clients only.
    func frameNotSent(_ frame: UnsafePointer<nghttp2_frame>)
    func streamClosed(_ stream: Int32, _ code: UInt32)
}

/// Makes nghttp2 sessions with our settings, limits and callbacks.
enum HTTP2Session {
    enum Side { case server, client }

    static let frameHeadBytes = 9
    static let streamWindow: UInt32 = 16 << 20
    static let connectionWindow: Int32 = 64 << 20
    /// nghttp2's own count of RST_STREAM frames; `FrameBudget` is stricter.
    private static let resetRate: UInt64 = 5000
    private static let resetBurst: UInt64 = 40960
    static let continuationsMax = 8

    /// A session that reports to `connection`, which must outlive it and delete it, as `memory`
    /// must; its settings wait to be sent. Where there is no memory for it the process ends, as it does
    /// for Swift's own objects.
    static func make(
        _ side: Side, _ connection: HTTP2Connection, _ limits: RPCLimits, _ memory: SessionMemory
    ) -> OpaquePointer {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        insist(nghttp2_session_callbacks_new(&callbacks))
        defer { nghttp2_session_callbacks_del(callbacks) }
        insist(nghttp2_option_new(&options))
        defer { nghttp2_option_del(options) }
        setCallbacks(callbacks, side)
        nghttp2_option_set_no_closed_streams(options, 1)
        // Windows grow by what was consumed, which is for the receiver of the data to say.
        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_stream_reset_rate_limit(options, resetBurst, resetRate)
        nghttp2_option_set_max_continuations(options, continuationsMax)

        var session: OpaquePointer?
        let context = Unmanaged.passUnretained(connection).toOpaque()
        let status =
            switch side {
            case .server:
                nghttp2_session_server_new3(
                    &session, callbacks, context, options, memory.functions)
            case .client:
                nghttp2_session_client_new3(
                    &session, callbacks, context, options, memory.functions)
            }
        insist(status)
        guard let session else { preconditionFailure("nghttp2 has made no session") }
        submitSettings(side, session, limits)
        return session
    }

    /// Making a session fails for nothing else.
    private static func insist(_ status: Int32) {
        precondition(status == 0, "no memory for a connection")
    }

    private static func submitSettings(
        _ side: Side, _ session: OpaquePointer, _ limits: RPCLimits
    ) {
        var settings = [
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, streamWindow),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.headerBytesMax)),
        ]
        switch side {
        case .server:
            settings.append(
                setting(
                    NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                    UInt32(clamping: limits.streamsPerConnectionMax)))
        case .client:
            settings.append(setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
        }
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        insist(nghttp2_submit_settings(session, flags, settings, settings.count))
        insist(nghttp2_session_set_local_window_size(session, flags, 0, connectionWindow))
    }

    private static func setting(
        _ id: nghttp2_settings_id, _ value: UInt32
    ) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
    }

    private static func setCallbacks(_ callbacks: OpaquePointer?, _ side: Side) {
        nghttp2_session_callbacks_set_send_data_callback(callbacks) {
            _, _, head, count, source, context in
            guard let head, let source = source?.pointee.ptr, let context else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            return connection(context)._withUnsafeGuaranteedRef {
                $0.writeData(head, count, from: source)?.rawValue ?? 0
            }
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            guard let frame, let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef { $0.headersBegan(frame) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameCount, value, valueCount, _, context in
            guard let frame, let context else { return 0 }
            let isWanted = connection(context)._withUnsafeGuaranteedRef {
                $0.header(
                    frame, UnsafeRawBufferPointer(start: name, count: nameCount),
                    UnsafeRawBufferPointer(start: value, count: valueCount))
            }
            return isWanted ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, flags, stream, bytes, count, context in
            guard let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef {
                $0.dataArrived(
                    stream, UnsafeRawBufferPointer(start: bytes, count: count),
                    isLast: flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            guard let frame, let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef {
                if !frame.isOfCall { $0.countArrived(frame) }
                $0.frameArrived(frame)
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) {
            _, frame, cause, context in
            guard let frame, let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef {
                $0.frameRefused(frame, nghttp2_error(cause))
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
            _, stream, code, context in
            guard let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef { $0.streamClosed(stream, code) }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            guard let frame, let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef {
                if !frame.isOfCall { $0.countSent(frame) }
                $0.frameSent(frame)
            }
            return 0
        }
        guard side == .client else { return }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
            _, frame, _, context in
            guard let frame, let context else { return 0 }
            connection(context)._withUnsafeGuaranteedRef { $0.frameNotSent(frame) }
            return 0
        }
    }
}

/// The connection behind a callback. Whoever calls nghttp2 holds it, so that the many callbacks of a
/// request need not: counting references there took half of a server's time.
private func connection(_ context: UnsafeMutableRawPointer) -> Unmanaged<HTTP2Connection> {
    Unmanaged.fromOpaque(context)
}

/// The flags of a frame as nghttp2 keeps them.
extension UnsafePointer<nghttp2_frame> {
    var hd: nghttp2_frame_hd { pointee.hd }
    /// DATA or HEADERS.
    var isOfCall: Bool { kind <= NGHTTP2_HEADERS.rawValue }
    /// Of HEADERS.
    var category: nghttp2_headers_category { pointee.headers.cat }
    var isEndOfStream: Bool { hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 }
    var kind: UInt32 { UInt32(hd.type) }
    /// Of SETTINGS: whether it says how large the table of fields may be.
    var setsHeaderTable: Bool {
        let settings = UnsafeBufferPointer(
            start: pointee.settings.iv, count: pointee.settings.niv)
        return settings.contains {
            $0.settings_id == Int32(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE.rawValue)
        }
    }
    /// Of PING and SETTINGS.
    var isAcknowledgement: Bool { hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 }
}
