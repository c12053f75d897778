import CNGHTTP2
import LehrRPC
import LehrWire

// What the states of HTTP mean to a caller of gRPC; tables of the gRPC documents
// "HTTP2 protocol mapping" and "HTTP to gRPC status code mapping".
extension RPCError {
    /// A stream that was reset, or closed without a status.
    init(reset code: UInt32, _ path: String) {
        let (status, cause): (StatusCode, String) =
            switch nghttp2_error_code(code) {
            case NGHTTP2_NO_ERROR: (.internal, "it was closed without a status")
            case NGHTTP2_REFUSED_STREAM: (.unavailable, "the server refused it")
            case NGHTTP2_CANCEL: (.cancelled, "the server cancelled it")
            case NGHTTP2_ENHANCE_YOUR_CALM: (.resourceExhausted, "the server has too much to do")
            case NGHTTP2_INADEQUATE_SECURITY: (.permissionDenied, "the server asks for security")
            default: (.internal, String(cString: nghttp2_http2_strerror(code)))
            }
        self.init(status, "\(path) was reset: \(cause)")
    }

    /// An answer without a `grpc-status`.
    init(httpStatus: Int, _ path: String) {
        let status: StatusCode =
            switch httpStatus {
            case 400: .internal
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        self.init(status, "\(path) was answered with the HTTP status \(httpStatus), not as gRPC")
    }
}

extension StatusCode {
    /// The reset with the nearest meaning, for a stream whose trailers cannot be sent any more;
    /// `hasAnswered`: the peer has a part of the answer.
    func resetCode(hasAnswered: Bool) -> UInt32 {
        switch self {
        case .resourceExhausted: NGHTTP2_ENHANCE_YOUR_CALM.rawValue
        // To a peer that has nothing it would mean that the call was not begun and may be sent again.
        case .unavailable where hasAnswered: NGHTTP2_REFUSED_STREAM.rawValue
        case .cancelled, .deadlineExceeded: NGHTTP2_CANCEL.rawValue
        default: NGHTTP2_INTERNAL_ERROR.rawValue
        }
    }
}
