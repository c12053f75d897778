package import LehrRPC
package import LehrReactor

/// TLS for the transport of one core, with what the store holds when a connection begins.
package final class TLSSecurity: TransportSecurity {
    private let store: TLSStore
    private let expectation: (HostPort) -> ServerExpectation
    private let workspace: TLSWorkspace

    /// `expectation` says whom to take for the server at an address that is dialled.
    package init(
        _ store: TLSStore, expecting expectation: @escaping (HostPort) -> ServerExpectation
    ) throws(TLSError) {
        self.store = store
        self.expectation = expectation
        workspace = try TLSWorkspace()
    }

    package func accept(
        _ socket: Socket, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        let credentials = store.current
        let check = PeerCheck(clientsOf: credentials.identity?.cluster)
        return start(socket, credentials.server, check, on: reactor, timeout, completion)
    }

    package func connect(
        _ socket: Socket, to target: HostPort, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        let credentials = store.current
        let check = PeerCheck(
            target, expectation(target), cluster: credentials.identity?.cluster)
        return start(
            socket, credentials.client, check, hostName: target.host, on: reactor, timeout,
            completion)
    }

    private func start(
        _ socket: Socket, _ context: OpaquePointer?, _ check: PeerCheck, hostName: String? = nil,
        on reactor: Reactor, _ timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake {
        do throws(TLSError) {
            guard let context else {
                throw TLSError("without a certificate there can be no TLS server")
            }
            let stream = try TLSStream(socket, context, workspace, check)
            if let hostName { stream.ask(for: hostName) }
            return TLSHandshake(stream, on: reactor, timeout: timeout, completion)
        } catch {
            return FailedHandshake(HandshakeError(.refused, error.description), reactor, completion)
        }
    }
}

/// A handshake that could not begin.
private final class FailedHandshake: Handshake {
    private var isCancelled = false

    init(
        _ error: HandshakeError, _ reactor: Reactor,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) {
        reactor.post { if !self.isCancelled { completion(.failure(error)) } }
    }

    func cancel() { isCancelled = true }
}
