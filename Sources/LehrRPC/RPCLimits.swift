/// Bounds of the RPC layer. Each has an answer: what a caller sees when it is reached.
package struct RPCLimits: Sendable {
    /// Bytes of one message. Beyond: RESOURCE_EXHAUSTED.
    package var messageBytesMax = 64 << 20
    /// How many times its size a compressed message may grow to, past its first 4 MiB. Beyond:
    /// RESOURCE_EXHAUSTED; what would shrink more is sent as it is.
    package var compressionRatioMax = 100
    /// Bytes of a call's header list, each field counted with 32 more. Beyond: RESOURCE_EXHAUSTED;
    /// eight times as many: the connection ends with ENHANCE_YOUR_CALM.
    package var headerBytesMax = 8 << 10
    /// Calls in flight on one server connection. Beyond: REFUSED_STREAM, hence UNAVAILABLE; for a
    /// client that had acknowledged the limit, the connection ends.
    package var streamsPerConnectionMax = 1024
    /// Connections of one server core, with those whose handshake is under way. Beyond: closed when
    /// accepted.
    package var connectionsMax = 8192
    /// Connections from one address to one server core. Beyond: closed when accepted.
    package var connectionsPerPeerMax = 2048
    /// Bytes queued to a peer on one stream before a writer is told to stop.
    package var streamQueueBytes = 1 << 20
    /// Bytes queued by a writer that does not stop. Beyond: its stream ends with RESOURCE_EXHAUSTED.
    package var streamQueueBytesMax = 8 << 20
    /// Bytes that have arrived on one connection for readers that have not asked for them. Beyond:
    /// the peer is stopped on all streams of the connection until some are read.
    package var unreadBytesMax = 64 << 20
    /// Bytes that the calls of one server connection hold: headers, parts of messages, messages not
    /// taken yet and answers not sent yet. Beyond: the call that took it there ends with
    /// RESOURCE_EXHAUSTED.
    package var connectionBytesMax = 256 << 20
    /// The same of all connections of a server core. Beyond: the connection that holds most ends
    /// with ENHANCE_YOUR_CALM.
    package var serverBytesMax = 1 << 30
    /// Calls waiting for a connection on one channel, and bytes of their messages. Beyond:
    /// RESOURCE_EXHAUSTED.
    package var pendingCallsMax = 4096
    package var pendingBytesMax = 64 << 20
    /// Time until a connection can be used: to make it, to secure it, and for the server's first
    /// SETTINGS. Beyond: UNAVAILABLE.
    package var connectTimeout = Duration.seconds(5)
    /// Time for the handshake of a new connection, on either side. Beyond: it is closed, and the
    /// client's calls end with UNAVAILABLE.
    package var handshakeTimeout = Duration.seconds(5)

    /// How the addresses of one channel share its calls.
    package var balancing = Balancing.roundRobin
    /// Connections to one address. One more is made while each has as many calls as the server
    /// allows, or more to send than its socket takes. Beyond: calls wait.
    package var connectionsPerAddressMax = 1
    /// Time to look up a name. Beyond: UNAVAILABLE, or the addresses known stay.
    package var lookUpTimeout = Duration.seconds(5)
    /// The addresses of a `dns:` target are looked up again at the next call after this long; after
    /// a failure to connect sooner, but no more often than once in `lookUpIntervalMin`.
    package var lookUpInterval = Duration.seconds(30)
    package var lookUpIntervalMin = Duration.seconds(1)

    /// Bytes of messages kept on one channel for calls that the server may turn away unprocessed,
    /// until they are answered. A call for which there is no room fails then with UNAVAILABLE.
    package var replayBytesMax = 16 << 20
    /// Times that a call is sent anew after it was turned away because the connection ends, or could
    /// not be sent at all; once if the server refuses it without ending. Beyond: UNAVAILABLE.
    package var replaysMax = 5
    /// Bytes of messages kept on one channel for calls with a `Repetition`. Beyond: made once.
    package var repeatBytesMax = 16 << 20
    /// Failed attempts of calls with a `Repetition` take a token, good ones give some back; nothing
    /// is repeated on a channel that has half of them or fewer.
    package var retryTokensMax = 100.0
    package var retryTokensPerSuccess = 0.1

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

    /// Time for a new peer to say that it speaks HTTP/2, and to acknowledge our settings. Beyond:
    /// the connection ends, with SETTINGS_TIMEOUT if it spoke at all.
    package var prefaceTimeout = Duration.seconds(10)
    /// Time for a header list to become complete. Beyond: the connection ends with
    /// ENHANCE_YOUR_CALM.
    package var headerTimeout = Duration.seconds(10)
    /// Time in which a request must become complete, or at least 16 KiB of it come. Only the peer's
    /// silence counts: not that of a reader, nor a pause between the messages of a stream. Beyond:
    /// DEADLINE_EXCEEDED.
    package var requestTimeout = Duration.seconds(30)
    /// Frames that bring no call further (RST_STREAM, SETTINGS, PRIORITY, WINDOW_UPDATE, DATA
    /// without bytes, and whatever forces the server to send an RST_STREAM): at once, and a second;
    /// a call that was answered makes up for two, and a KiB sent for one. Beyond: the connection
    /// ends with ENHANCE_YOUR_CALM.
    package var idleFramesBurst = 4096
    package var idleFramesPerSecond = 500

    package init() {}
}
