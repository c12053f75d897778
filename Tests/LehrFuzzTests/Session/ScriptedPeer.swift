import Glibc

/// The other end of a connection: sends given pieces, one a turn, and reads what comes back.
final class ScriptedPeer {
    private var descriptor: Int32
    private var pieces: ArraySlice<[UInt8]>
    private var checker: FrameChecker
    private(set) var isClosed = false
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// How a peer goes away.
    enum Departure: CaseIterable {
        case atOnce
        /// Says first that it sends nothing more, and reads the rest.
        case halfFirst
        /// Over bytes that it has not read, and with a reset on TCP.
        case unread
    }

    /// Takes over a non-blocking descriptor.
    init(_ descriptor: Int32, sending pieces: [[UInt8]], checking checker: FrameChecker) {
        self.descriptor = descriptor
        self.pieces = pieces[...]
        self.checker = checker
    }

    deinit { close() }

    var hasSentAll: Bool { pieces.isEmpty || isClosed }

    /// The streams on which the connection has sent anything.
    var streams: Set<Int> { checker.streams }

    func sendNext() {
        guard !isClosed, let piece = pieces.popFirst() else { return }
        let count = piece.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno != EAGAIN { isClosed = true }
        // What did not fit goes first in the next turn.
        let sent = max(count, 0)
        if sent < piece.count, !isClosed {
            pieces = [Array(piece.dropFirst(sent))] + pieces
        }
    }

    /// Reads all that there is.
    func read() throws(FuzzFailure) {
        while descriptor >= 0 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || count < 0 && errno != EAGAIN { isClosed = true }
            guard count > 0 else { return }
            try checker.take(buffer[..<count])
        }
    }

    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Leaves nothing of a TCP connection behind, not even its port for a while.
    func close() {
        guard descriptor >= 0 else { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        Glibc.close(descriptor)
        descriptor = -1
    }
}
