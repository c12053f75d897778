package import LehrRPC

/// What is done to a new socket before HTTP/2 is spoken on it: a handshake that tells who the peer is
/// and gives a stream that nobody else can read.
///
/// Belongs to one reactor. Each call ends once with `completion`, never inside the call, unless it is
/// cancelled.
package protocol TransportSecurity: AnyObject {
    /// Answers the handshake of a peer that has connected to us.
    func accept(
        _ socket: Socket, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake

    /// Begins the handshake with the server at `target`.
    func connect(
        _ socket: Socket, to target: HostPort, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<SecuredStream, HandshakeError>) -> Void
    ) -> any Handshake
}

/// A handshake under way.
package protocol Handshake: AnyObject {
    /// Ends it and closes the socket; the completion does not run.
    func cancel()
}

/// What a handshake has led to.
package struct SecuredStream {
    package let stream: any ByteStream
    /// nil: the peer has shown no certificate, or one that names no member of a cluster.
    package let identity: PeerIdentity?

    package init(_ stream: any ByteStream, _ identity: PeerIdentity?) {
        self.stream = stream
        self.identity = identity
    }
}

/// Why a handshake has failed, in words for a person. The socket is closed.
package struct HandshakeError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case timedOut
        /// The peer is not who we talk to, or has refused us, or does not speak the same.
        case refused
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
