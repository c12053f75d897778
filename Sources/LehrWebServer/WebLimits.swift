/// What one HTTP door is willing to hold and to wait for.
package struct WebLimits: Sendable {
    /// Largest request body in bytes; a longer one is refused with 413.
    package var bodyBytes: Int
    /// Largest request head (all header fields together) in bytes.
    package var headerBytes: Int
    /// Most header fields in a request.
    package var headerFields: Int
    /// Most connections open at once; further ones wait in the accept queue.
    package var connections: Int
    /// A connection on which nothing was read or written for this long is closed.
    package var idle: Duration
    /// How long a graceful shutdown waits for requests under way before it cuts them off.
    package var drain: Duration

    package init(
        bodyBytes: Int = 1 << 20, headerBytes: Int = 32 << 10, headerFields: Int = 100,
        connections: Int = 1024, idle: Duration = .seconds(75), drain: Duration = .seconds(1)
    ) {
        self.bodyBytes = bodyBytes
        self.headerBytes = headerBytes
        self.headerFields = headerFields
        self.connections = connections
        self.idle = idle
        self.drain = drain
    }
}
