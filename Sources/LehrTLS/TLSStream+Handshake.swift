import COpenSSL
import LehrReactor

// What happens before there is a stream.
extension TLSStream {
    enum Progress: Equatable {
        case established
        /// The reactor will tell when it can go on.
        case wouldBlock
        /// In words for a person; the peer was told as far as TLS has a way to.
        case failed(String)
    }

    /// Goes on with the handshake as far as the socket lets it.
    func shakeHands() -> Progress {
        workspace.setInput(copying: stash)
        // The workspace serves other streams next: what is left is this one's.
        defer { stash = workspace.takeInput() }
        while true {
            ERR_clear_error()
            let status = SSL_do_handshake(ssl)
            let isWaiting = status != 1 && SSL_get_error(ssl, status) == SSL_ERROR_WANT_READ
            let problem = status == 1 || isWaiting ? nil : TLSProblem.take()
            let failure = sendOutput()
            if let problem { return .failed(check.problem ?? problem.text(from: peerName)) }
            if let failure { return .failed(words(for: failure)) }
            if status == 1 {
                return ALPN.isAgreed(ssl)
                    ? .established : .failed("\(peerName) does not offer HTTP/2 (ALPN h2)")
            }
            switch receive() {
            case .bytes:
                if let objection = objectionToFirst() { return .failed(objection) }
            case .wouldBlock: return .wouldBlock
            case let failure: return .failed(words(for: failure))
            }
        }
    }

    /// Whether the peer speaks TLS at all.
    private func objectionToFirst() -> String? {
        guard !hasHeard, let first = workspace.input.first else { return nil }
        hasHeard = true
        let isServer = SSL_is_server(ssl) == 1
        guard first != Record.handshake, first != (isServer ? Record.oldHello : Record.alert) else {
            return nil
        }
        guard isServer else {
            return "the server does not speak TLS here: it answers in cleartext"
        }
        // OpenSSL would say nothing; a client of ours knows by this what is wrong.
        _ = Record.protocolVersionAlert.withUnsafeBytes { socket.write($0) }
        return "the client does not speak TLS: it may be set up for cleartext"
    }

    private func words(for failure: Transfer) -> String {
        switch failure {
        case .failed(let cause): "\(SystemError("talk to \(peerName)", cause))"
        case .broken(let reason): reason
        case .ended, .bytes, .wouldBlock: "\(peerName) closed the connection during the handshake"
        }
    }
}

/// First bytes of a peer.
private enum Record {
    static let alert: UInt8 = 0x15
    static let handshake: UInt8 = 0x16
    /// A greeting as SSL 2 had it, from which old clients went on to TLS.
    static let oldHello: UInt8 = 0x80
    /// Fatal, 70.
    static let protocolVersionAlert: [UInt8] = [alert, 3, 1, 0, 2, 2, 70]
}
