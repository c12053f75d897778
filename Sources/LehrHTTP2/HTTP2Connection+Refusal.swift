import CNGHTTP2
import LehrRPC

// How a connection ends because of what its peer does, and what is counted on the way.
extension HTTP2Connection {
    /// Tells the peer which bound it has reached, and ends the connection. Not inside nghttp2.
    func hangUp(_ limit: RPCLimit, _ code: nghttp2_error_code, _ reason: StaticString) {
        guard session != nil else { return }
        transport.counters.hit(limit)
        farewell = .limit
        sendGoAway(code, reason)
        flush()
        startLinger()
        close("the peer was told: \(reason)", .limit)
    }

    /// nghttp2 goes on no further with what the peer sends.
    func refuse(_ status: Int) {
        switch nghttp2_error(Int32(truncatingIfNeeded: status)) {
        case NGHTTP2_ERR_FLOODED:
            hangUp(.frames, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_frames")
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
            hangUp(.continuations, NGHTTP2_ENHANCE_YOUR_CALM, "too_many_continuations")
        default: close("the peer broke the protocol: \(errorText(status))", .violation)
        }
    }

    func errorText(_ status: Int) -> String {
        String(cString: nghttp2_strerror(Int32(truncatingIfNeeded: status)))
    }

    // MARK: Inside nghttp2

    func countArrived(_ frame: UnsafePointer<nghttp2_frame>) {
        switch frame.kind {
        case NGHTTP2_RST_STREAM.rawValue: transport.counters.framesIn.resets += 1
        case NGHTTP2_PING.rawValue: transport.counters.framesIn.pings += 1
        case NGHTTP2_GOAWAY.rawValue: transport.counters.framesIn.goAways += 1
        default: break
        }
    }

    func countSent(_ frame: UnsafePointer<nghttp2_frame>) {
        switch frame.kind {
        case NGHTTP2_RST_STREAM.rawValue: transport.counters.framesOut.resets += 1
        case NGHTTP2_PING.rawValue: transport.counters.framesOut.pings += 1
        case NGHTTP2_GOAWAY.rawValue:
            transport.counters.framesOut.goAways += 1
            guard farewell == .finished,
                frame.pointee.goaway.error_code != NGHTTP2_NO_ERROR.rawValue
            else { return }
            farewell = .violation
        default: break
        }
    }
}
