import LehrRPC
import LehrReactor

/// One handshake, driven by what its socket is ready for.
///
/// The reactor keeps it alive until it has ended or was cancelled.
final class TLSHandshake: PollTarget, Handshake {
    private let reactor: Reactor
    private let stream: TLSStream
    private var completion: ((Result<SecuredStream, HandshakeError>) -> Void)?
    private var token: PollToken?
    private var timer: TimerID?

    /// How long a refused peer may take to notice. A socket that is closed over bytes not read resets
    /// the connection, and the alert that says why is lost.
    private static let linger = Duration.milliseconds(250)

    init(
        _ stream: TLSStream, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) {
        self.stream = stream
        self.reactor = reactor
        self.completion = completion
        do throws(SystemError) {
            // The first event comes at once, for the socket can be written.
            token = try reactor.watch(stream.descriptor, self)
        } catch {
            reactor.post { self.fail(.refused, "\(error)") }
            return
        }
        timer = reactor.schedule(after: timeout) {
            self.fail(
                .timedOut, "\(stream.peerName) did not finish the TLS handshake in \(timeout)")
        }
    }

    func cancel() {
        completion = nil
        close()
    }

    func ready(_ readiness: Readiness) {
        guard completion != nil else { return lingerOn() }
        switch stream.shakeHands() {
        case .wouldBlock: return
        case .established:
            let completion = self.completion
            self.completion = nil
            stopWatching()
            completion?(.success(SecuredStream(stream, stream.check.identity)))
        case .failed(let reason): fail(.refused, reason)
        }
    }

    private func fail(_ kind: HandshakeError.Kind, _ reason: String) {
        let completion = self.completion
        self.completion = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
        if kind == .timedOut || token == nil {
            close()
        } else {
            stream.socket.endWriting()
            timer = reactor.schedule(after: Self.linger) { self.close() }
        }
        completion?(.failure(HandshakeError(kind, reason)))
    }

    /// Reads what comes without using it.
    private func lingerOn() {
        for _ in 0..<16 {
            switch stream.socket.read(into: reactor.readBuffer) {
            case .bytes: continue
            case .wouldBlock: return
            case .ended, .failed, .broken: return close()
            }
        }
        // It goes on sending: no more than this.
        close()
    }

    private func stopWatching() {
        if let timer { reactor.cancel(timer) }
        timer = nil
        if let token { reactor.unwatch(token) }
        token = nil
    }

    private func close() {
        stopWatching()
        stream.close()
    }
}
