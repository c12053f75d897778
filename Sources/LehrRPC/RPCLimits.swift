/// Bounds of the RPC layer. Each has an answer: what a caller sees when it is reached.
package struct RPCLimits: Sendable {
    /// Bytes of one message. Beyond: RESOURCE_EXHAUSTED.
    package var messageBytesMax = 64 << 20
    /// Bytes of a call's header list. Beyond: the stream is refused.
    package var headerBytesMax = 8 << 10
    /// Calls in flight on one server connection. Beyond: REFUSED_STREAM, hence UNAVAILABLE.
    package var streamsPerConnectionMax = 1024
    /// Connections of one server core, with those whose handshake is under way. Beyond: closed when
    /// accepted.
    package var connectionsMax = 8192
    /// Bytes queued to a peer on one stream before a writer is told to stop.
    package var streamQueueBytes = 1 << 20
    /// Bytes queued by a writer that does not stop. Beyond: its stream ends with RESOURCE_EXHAUSTED.
    package var streamQueueBytesMax = 8 << 20
    /// Bytes that have arrived on one connection for readers that have not asked for them. Beyond:
    /// the peer is stopped on all streams of the connection until some are read.
    package var unreadBytesMax = 64 << 20
    /// Calls waiting for a connection on one channel. Beyond: RESOURCE_EXHAUSTED.
    package var pendingCallsMax = 4096
    /// Time to make a TCP connection. Beyond: UNAVAILABLE.
    package var connectTimeout = Duration.seconds(5)
    /// Time for the handshake of a new connection, on either side. Beyond: it is closed, and the
    /// client's calls end with UNAVAILABLE.
    package var handshakeTimeout = Duration.seconds(5)

    /// A client asks a silent server with calls in flight for a sign of life this often, at least;
    /// nil: never. Servers of others may take less than five minutes for abuse.
    package var keepAliveInterval: Duration?
    /// Time for the sign of life. Beyond: the connection ends, its calls with UNAVAILABLE.
    package var keepAliveTimeout = Duration.seconds(20)
    /// PINGs that a server takes this close together, with nothing sent to the client in between,
    /// before it hangs up with ENHANCE_YOUR_CALM "too_many_pings".
    package var pingIntervalMin = Duration.seconds(10)
    package var pingStrikesMax = 2
    /// A server ends a connection that had no call for this long, and at most twice as long.
    package var connectionIdleMax: Duration?
    /// A server drains a connection of this age, give or take a tenth, so that clients spread anew.
    package var connectionAgeMax: Duration?
    /// What calls on it have left then. Beyond: UNAVAILABLE.
    package var connectionAgeGrace = Duration.seconds(30)

    package init() {}
}
