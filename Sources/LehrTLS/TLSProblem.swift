import COpenSSL

/// Why OpenSSL gave up: what we did not like, or an alert by which the peer says what it did not like.
struct TLSProblem {
    private let reason: Int32
    private let words: String

    /// Of the last failure on this thread.
    static func take() -> TLSProblem {
        guard let (reason, text) = OpenSSLErrors.takeFirst() else {
            return TLSProblem(reason: 0, words: "the handshake failed without a reason")
        }
        return TLSProblem(reason: reason, words: text)
    }

    /// For a person; `peer` is "the server" or "the client".
    func text(from peer: String) -> String {
        // OpenSSL numbers the alerts that it receives from here.
        let alert = reason - SSL_AD_REASON_OFFSET
        if (0...255).contains(alert) { return "\(peer) \(Self.complaint(alert) ?? words)" }
        switch reason {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return "\(peer) closed the connection"
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "\(peer) shows no certificate"
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST: return "\(peer) does not speak TLS"
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW:
            return "\(peer) speaks neither TLS 1.3 nor 1.2"
        case SSL_R_NO_SHARED_CIPHER: return "\(peer) has no cipher suite in common with us"
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return "\(peer) does not offer HTTP/2 (ALPN h2)"
        default: return "TLS with \(peer) failed: \(words)"
        }
    }

    private static func complaint(_ alert: Int32) -> String? {
        switch alert {
        case SSL_AD_BAD_CERTIFICATE, SSL_AD_CERTIFICATE_UNKNOWN:
            "refuses our certificate: it may be of another cluster, or for another role"
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
            "refuses our certificate: it was not made for this side of a connection"
        case SSL_AD_CERTIFICATE_EXPIRED: "refuses our certificate: it has expired"
        case SSL_AD_UNKNOWN_CA: "refuses our certificate: it does not trust its authority"
        case SSL_AD_CERTIFICATE_REQUIRED: "asks for a certificate, and we have none"
        case SSL_AD_PROTOCOL_VERSION: "speaks no version of TLS that we do, 1.2 or 1.3"
        case SSL_AD_NO_APPLICATION_PROTOCOL: "does not speak HTTP/2 (ALPN h2) here"
        case SSL_AD_HANDSHAKE_FAILURE:
            "refuses the handshake: it asks for a certificate that we do not have, "
                + "or has no cipher suite in common with us"
        default: nil
        }
    }
}
