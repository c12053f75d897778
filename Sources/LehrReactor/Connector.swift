import Glibc
package import LehrRPC
import LehrWire

/// One attempt to connect to a host: resolves it and tries its addresses in turn.
///
/// Keeps itself alive until its completion has run or it was cancelled.
package final class Connector: PollTarget {
    private let target: HostPort
    private let reactor: Reactor
    private var completion: ((Result<Socket, RPCError>) -> Void)?
    private var timer: TimerID?
    private var addresses: ArraySlice<SocketAddress> = []
    private var attempt: (socket: Socket, token: PollToken)?
    private var lastError: RPCError

    /// Ends with a connected socket, or UNAVAILABLE within `timeout`; never inside this call.
    package init(
        to target: HostPort, on reactor: Reactor, timeout: Duration,
        _ completion: @escaping (Result<Socket, RPCError>) -> Void
    ) {
        self.target = target
        self.reactor = reactor
        self.completion = completion
        lastError = RPCError(.unavailable, "cannot connect to \(target): it has no address")
        timer = reactor.schedule(after: timeout) {
            self.finish(.failure(RPCError(.unavailable, "cannot connect to \(target): timed out")))
        }
        Resolver.resolve(target, on: reactor) { result in
            switch result {
            case .success(let addresses):
                self.addresses = addresses[...]
                self.tryNext()
            case .failure(let error): self.finish(.failure(error))
            }
        }
    }

    package func cancel() {
        completion = nil
        release()
    }

    package func ready(_ readiness: Readiness) {
        guard let attempt, readiness.isWritable || readiness.isEnded else { return }
        let cause = attempt.socket.pendingError
        if cause == 0 { finish(.success(attempt.socket)) } else { failed(cause) }
    }

    private func tryNext() {
        guard completion != nil else { return }
        guard let address = addresses.popFirst() else { return finish(.failure(lastError)) }
        do throws(SystemError) {
            let socket = try Socket.make(address.family, to: "connect to \(address)")
            socket.configure()
            let status = address.withPointer { connect(socket.descriptor, $0, address.length) }
            let cause = errno
            guard status == 0 || cause == EINPROGRESS else {
                throw SystemError("connect to \(address)", cause)
            }
            // Also when connected already: the first event says so.
            attempt = (socket, try reactor.watch(socket.descriptor, self))
        } catch {
            failed(error.errno)
        }
    }

    private func failed(_ cause: Int32) {
        lastError = RPCError(
            .unavailable, "\(SystemError("connect to \(target)", cause))")
        stopWatching()
        tryNext()
    }

    private func finish(_ result: Result<Socket, RPCError>) {
        let completion = self.completion
        self.completion = nil
        release()
        completion?(result)
    }

    private func release() {
        if let timer { reactor.cancel(timer) }
        timer = nil
        stopWatching()
    }

    private func stopWatching() {
        guard let attempt else { return }
        self.attempt = nil
        reactor.unwatch(attempt.token)
    }
}
