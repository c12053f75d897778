import CLinux
import Glibc
package import LehrRPC
import LehrWire

/// A listening socket on a reactor.
package final class Listener: PollTarget {
    /// As bound, numeric.
    package let address: SocketAddress
    private let reactor: Reactor
    private let socket: Socket
    private let onAccept: (Socket) -> Void
    private var token: PollToken?

    /// Connections accepted before other work gets its turn.
    private static let acceptsPerTurn = 64
    private static let backlog: Int32 = 1024

    /// Listens at `target`; `onAccept` gets each connection.
    ///
    /// The port is not shared (no SO_REUSEPORT): one in use is an error that names it.
    package init(
        at target: HostPort, on reactor: Reactor, _ onAccept: @escaping (Socket) -> Void
    ) throws(RPCError) {
        self.reactor = reactor
        self.onAccept = onAccept
        let addresses = try Resolver.resolve(target, forListening: true)
        do throws(SystemError) {
            guard let first = addresses.first else {
                throw SystemError("listen at \(target)", EADDRNOTAVAIL)
            }
            let action = "listen at \(target)"
            let socket = try Socket.make(first.family, to: action)
            socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
            let isBound = first.withPointer { bind(socket.descriptor, $0, first.length) == 0 }
            guard isBound, listen(socket.descriptor, Self.backlog) == 0 else {
                throw SystemError(action, errno)
            }
            self.socket = socket
            address = socket.local ?? first
            token = try reactor.watch(socket.descriptor, self)
        } catch {
            throw RPCError(.unavailable, "\(error)")
        }
    }

    package func close() {
        guard let token else { return }
        self.token = nil
        reactor.unwatch(token)
        socket.close()
    }

    package func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard token != nil else { return }
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let descriptor = lehr_accept4(socket.descriptor, nil, nil, flags)
            guard descriptor >= 0 else { return acceptFailed(errno) }
            let accepted = Socket(descriptor)
            accepted.configure()
            onAccept(accepted)
        }
        // Edge-triggered: what still waits is not announced again.
        reactor.post { self.ready(readiness) }
    }

    private func acceptFailed(_ cause: Int32) {
        switch cause {
        case EAGAIN, EWOULDBLOCK: return
        case ECONNABORTED, EINTR, EPROTO: reactor.post { self.ready(.readable) }
        default:
            // Out of descriptors or memory: connections wait in the backlog meanwhile.
            _ = reactor.schedule(after: .milliseconds(100)) { self.ready(.readable) }
        }
    }
}
