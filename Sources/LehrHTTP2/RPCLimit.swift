/// The bounds of `RPCLimits` whose reaching is counted, each under its own name.
package enum RPCLimit: Int, CaseIterable, Sendable {
    case messageBytes, headerBytes, streams, connections, connectionsPerPeer
    case streamQueueBytes, unreadBytes, connectionBytes, serverBytes, pendingCalls, pendingBytes
    case connectTime, prefaceTime, headerTime, requestTime
    case pings, frames, continuations
    case keepAliveTime, connectionIdleTime, connectionAge

    /// As metrics have it.
    package var name: String {
        switch self {
        case .messageBytes: "message_bytes"
        case .headerBytes: "header_bytes"
        case .streams: "streams"
        case .connections: "connections"
        case .connectionsPerPeer: "connections_per_peer"
        case .streamQueueBytes: "stream_queue_bytes"
        case .unreadBytes: "unread_bytes"
        case .connectionBytes: "connection_bytes"
        case .serverBytes: "server_bytes"
        case .pendingCalls: "pending_calls"
        case .pendingBytes: "pending_bytes"
        case .connectTime: "connect_time"
        case .prefaceTime: "preface_time"
        case .headerTime: "header_time"
        case .requestTime: "request_time"
        case .pings: "pings"
        case .frames: "frames"
        case .continuations: "continuations"
        case .keepAliveTime: "keep_alive_time"
        case .connectionIdleTime: "connection_idle_time"
        case .connectionAge: "connection_age"
        }
    }
}
