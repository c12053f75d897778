package import LehrCore

/// What a handler knows of a call besides its message.
package struct CallContext {
    /// `/package.Service/Method`.
    package let method: String
    /// Who calls, for logs.
    package let peer: String
    /// Who the caller is by its certificate or its token; nil: nobody has asked.
    package let identity: PeerIdentity?
    /// When the caller stops waiting; nil: never.
    package let deadline: Instant?
    package let metadata: Metadata

    package init(
        method: String, peer: String, identity: PeerIdentity? = nil, deadline: Instant?,
        metadata: Metadata
    ) {
        self.method = method
        self.peer = peer
        self.identity = identity
        self.deadline = deadline
        self.metadata = metadata
    }
}

/// How a caller wants a call made.
package struct CallOptions: Sendable {
    /// The call ends with DEADLINE_EXCEEDED after this long; nil: never, for streams.
    package var timeout: Duration?
    package var metadata: Metadata
    /// Messages are sent compressed with gzip where that makes them smaller. In memory: nothing.
    package var compresses = false
    /// How the call is made again, or beside itself; nil: it is made once. Only for a call with one
    /// message, and one that may safely happen twice.
    package var repetition: Repetition?
    /// The call waits while no address can be reached, until one can or its timeout has passed,
    /// instead of failing with UNAVAILABLE. In memory: nothing.
    package var waitsForReady = false
    /// Addresses of the channel that get the call only if no other can take it. In memory: nothing.
    package var avoided: [String] = []

    package init(timeout: Duration? = .seconds(10), metadata: Metadata = Metadata()) {
        self.timeout = timeout
        self.metadata = metadata
    }
}
