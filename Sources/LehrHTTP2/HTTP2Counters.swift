package import LehrWire

/// What a transport has done since it began; read on its core.
package struct HTTP2Counters: Equatable, Sendable {
    /// Calls answered and calls made, by status.
    package struct Calls: Equatable, Sendable {
        private var ended = [UInt64](repeating: 0, count: StatusCode.allCases.count)
        package internal(set) var started: UInt64 = 0

        package subscript(code: StatusCode) -> UInt64 { ended[code.rawValue] }

        package var endedCount: UInt64 { ended.reduce(0, +) }

        mutating func end(_ code: StatusCode) { ended[code.rawValue] += 1 }
    }

    package internal(set) var answered = Calls()
    package internal(set) var made = Calls()
    package internal(set) var connectionsAccepted: UInt64 = 0
    /// Closed when accepted, because there were too many.
    package internal(set) var connectionsRefused: UInt64 = 0
    package internal(set) var connectionsMade: UInt64 = 0
    package internal(set) var connectionsOpen = 0
    /// Handshakes on either side that have come to a secured stream, that have failed, and that took
    /// too long.
    package internal(set) var handshakesDone: UInt64 = 0
    package internal(set) var handshakesFailed: UInt64 = 0
    package internal(set) var handshakesTimedOut: UInt64 = 0
    /// Times that a connection was stopped because too much on it lay unread.
    package internal(set) var unreadLimitHits: UInt64 = 0
    /// Connections ended because of too many PINGs, for idleness, for their age, and because the
    /// server gave no sign of life.
    package internal(set) var connectionsPingFlooded: UInt64 = 0
    package internal(set) var connectionsIdled: UInt64 = 0
    package internal(set) var connectionsAged: UInt64 = 0
    package internal(set) var connectionsUnresponsive: UInt64 = 0
    package internal(set) var bytesIn: UInt64 = 0
    package internal(set) var bytesOut: UInt64 = 0
}
