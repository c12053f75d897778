package import LehrRPC
package import LehrWire

/// What a transport has done since it began; read on its core.
package struct HTTP2Counters: Equatable, Sendable {
    /// Calls answered and calls made, by status.
    package struct Calls: Equatable, Sendable {
        private var ended = [UInt64](repeating: 0, count: StatusCode.allCases.count)
        package internal(set) var started: UInt64 = 0

        package subscript(code: StatusCode) -> UInt64 { ended[code.rawValue] }

        package var endedCount: UInt64 { ended.reduce(0, +) }
        package var inFlight: UInt64 { started - endedCount }

        /// Messages of these calls.
        package internal(set) var messagesIn: UInt64 = 0
        package internal(set) var messagesOut: UInt64 = 0

        mutating func end(_ code: StatusCode) { ended[code.rawValue] += 1 }
    }

    /// One direction of frames that are not about a call's messages.
    package struct Frames: Equatable, Sendable {
        package internal(set) var resets: UInt64 = 0
        package internal(set) var goAways: UInt64 = 0
        package internal(set) var pings: UInt64 = 0
    }

    package internal(set) var answered = Calls()
    package internal(set) var made = Calls()
    package internal(set) var framesIn = Frames()
    package internal(set) var framesOut = Frames()
    package internal(set) var connectionsAccepted: UInt64 = 0
    package internal(set) var connectionsMade: UInt64 = 0
    package internal(set) var connectionsOpen = 0
    /// Handshakes on either side that have come to a secured stream, that have failed, and that took
    /// too long.
    package internal(set) var handshakesDone: UInt64 = 0
    package internal(set) var handshakesFailed: UInt64 = 0
    package internal(set) var handshakesTimedOut: UInt64 = 0
    /// Attempts to connect that the server has not greeted.
    package internal(set) var connectionsFailed: UInt64 = 0
    /// Calls that wait for a connection now.
    package internal(set) var callsWaiting = 0
    /// Calls that were turned away unprocessed and sent anew, and those that could not be.
    package internal(set) var callsReplayed: UInt64 = 0
    package internal(set) var callsNotReplayed: UInt64 = 0
    /// What `CallOptions.repetition` has led to.
    package internal(set) var repeats = RepeatCounters()
    /// Look-ups of names that gave addresses, and that did not.
    package internal(set) var lookUpsDone: UInt64 = 0
    package internal(set) var lookUpsFailed: UInt64 = 0
    private var connectionsClosed = [UInt64](repeating: 0, count: ConnectionEnd.allCases.count)
    private var limitHits = [UInt64](repeating: 0, count: RPCLimit.allCases.count)
    /// Bytes that the calls of the server's connections hold now.
    package internal(set) var heldBytes = 0
    package internal(set) var bytesIn: UInt64 = 0
    package internal(set) var bytesOut: UInt64 = 0

    /// Times that a bound was reached.
    package subscript(limit: RPCLimit) -> UInt64 { limitHits[limit.rawValue] }
    /// Connections that have ended, by what ended them.
    package subscript(end: ConnectionEnd) -> UInt64 { connectionsClosed[end.rawValue] }

    mutating func hit(_ limit: RPCLimit) { limitHits[limit.rawValue] += 1 }
    /// Why the messages of a call could not be read.
    mutating func note(_ error: RPCError) {
        if error.code == .resourceExhausted { hit(.messageBytes) }
    }
    mutating func closed(_ end: ConnectionEnd) { connectionsClosed[end.rawValue] += 1 }
}

/// What has ended a connection.
package enum ConnectionEnd: Int, CaseIterable, Sendable {
    /// Everything on it was done, after a GOAWAY from one side.
    case finished
    /// The peer has closed it.
    case peer
    /// The socket has failed.
    case failed
    /// The peer has broken the protocol.
    case violation
    /// The peer has reached a bound.
    case limit
    /// We have shut down.
    case shutDown

    /// As metrics have it.
    package var name: String {
        switch self {
        case .finished: "finished"
        case .peer: "peer"
        case .failed: "failed"
        case .violation: "violation"
        case .limit: "limit"
        case .shutDown: "shut_down"
        }
    }
}
