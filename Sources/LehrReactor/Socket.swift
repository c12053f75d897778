import CLinux
package import Glibc

/// A non-blocking TCP socket; closed at the latest when it is let go.
package final class Socket: GatheringStream {
    package let descriptor: Int32
    private var isOpen = true

    /// Takes over a descriptor.
    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    package var hasUnread: Bool { false }

    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let cause = errno
            if cause == EAGAIN || cause == EWOULDBLOCK { return .wouldBlock }
            if cause != EINTR { return .failed(cause) }
        }
    }

    package func write(_ buffer: UnsafeRawBufferPointer) -> Transfer {
        retried { send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
    }

    package func write(_ parts: UnsafeBufferPointer<iovec>) -> Transfer {
        var message = msghdr()
        message.msg_iov = UnsafeMutablePointer(mutating: parts.baseAddress)
        message.msg_iovlen = parts.count
        return retried { sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) }
    }

    private func retried(_ write: () -> Int) -> Transfer {
        while true {
            let count = write()
            if count >= 0 { return .bytes(count) }
            let cause = errno
            if cause == EAGAIN || cause == EWOULDBLOCK { return .wouldBlock }
            if cause != EINTR { return .failed(cause) }
        }
    }

    package func endWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// The outcome of a connection attempt; 0: it succeeded.
    var pendingError: Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 else {
            return errno
        }
        return value
    }

    package var peer: SocketAddress? { SocketAddress.of(descriptor) { getpeername($0, $1, $2) } }

    var local: SocketAddress? { SocketAddress.of(descriptor) { getsockname($0, $1, $2) } }

    /// Sends small messages at once, and notices within half a minute that a peer has vanished.
    func configure() {
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, 10)
        set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5)
        set(Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000)
    }

    /// Bounds what waits to be read when both ends have the same address, so are on one machine.
    ///
    /// The kernel lets the queue grow until a path is full at its round-trip time. Where that is a few
    /// microseconds, a longer queue adds no speed: whoever reads just finds the bytes no longer in the
    /// processor's caches, falls behind, and finds the next ones even colder.
    package func shortenLocalQueue() {
        guard let local, let peer, local.isHost(of: peer) else { return }
        set(SOL_SOCKET, SO_RCVBUF, Self.localQueueBytes)
    }

    /// About as much is announced to the peer; the kernel takes twice that for its own structures.
    static let localQueueBytes: Int32 = 80 << 10

    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // A socket without the option still works.
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// A new non-blocking socket for addresses of `family`.
    static func make(_ family: Int32, to action: String) throws(SystemError) -> Socket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        guard descriptor >= 0 else { throw SystemError(action, errno) }
        return Socket(descriptor)
    }

    deinit { close() }
}
