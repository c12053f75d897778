/// Bounds of the RPC layer. Each has an answer: what a caller sees when it is reached.
package struct RPCLimits: Sendable {
    /// Bytes of one message. Beyond: RESOURCE_EXHAUSTED.
    package var messageBytesMax = 64 << 20
    /// Bytes of a call's header list. Beyond: the stream is refused.
    package var headerBytesMax = 8 << 10
    /// Calls in flight on one server connection. Beyond: REFUSED_STREAM, hence UNAVAILABLE.
    package var streamsPerConnectionMax = 1024
    /// Connections of one server core. Beyond: closed when accepted.
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

    package init() {}
}
