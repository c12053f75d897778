import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// The addresses of a name: looked up when it is first needed, and again at calls that come later
/// than `RPCLimits.lookUpInterval`, or after a failure.
final class NameWatch {
    private let name: HostPort
    private unowned let transport: HTTP2Transport
    private let onResult: (Result<[HostPort], RPCError>) -> Void
    private var begun: Instant?
    private var timer: TimerID?
    /// Numbers the look-ups, so that an answer that comes too late is known as such.
    private var number = 0

    /// `onResult` gets addresses, at least one, or why there are none; never inside `refresh`.
    init(
        _ name: HostPort, _ transport: HTTP2Transport,
        _ onResult: @escaping (Result<[HostPort], RPCError>) -> Void
    ) {
        self.name = name
        self.transport = transport
        self.onResult = onResult
    }

    var isLookingUp: Bool { timer != nil }

    /// When the next look-up may begin that is needed at once.
    var nextAttempt: Instant? { begun.map { $0 + transport.limits.lookUpIntervalMin } }

    /// Looks the name up, unless that was done lately; what is lately depends on the need.
    func refresh(isNeeded: Bool) {
        guard !isLookingUp else { return }
        let (limits, now) = (transport.limits, transport.reactor.now)
        let interval = isNeeded ? limits.lookUpIntervalMin : limits.lookUpInterval
        if let begun, now - begun < interval { return }
        begun = now
        number += 1
        timer = transport.reactor.schedule(after: limits.lookUpTimeout) { [weak self, name] in
            self?.finish(.failure(RPCError(.unavailable, "cannot resolve \(name.host): timed out")))
        }
        transport.lookUp(name) { [weak self, number] result in
            guard let self, number == self.number, isLookingUp else { return }
            finish(result)
        }
    }

    func stop() {
        if let timer { transport.reactor.cancel(timer) }
        timer = nil
    }

    private func finish(_ result: Result<[HostPort], RPCError>) {
        stop()
        switch result {
        case .success(let addresses) where addresses.isEmpty:
            fail(RPCError(.unavailable, "\(name.host) has no address"))
        case .success(let addresses):
            transport.counters.lookUpsDone += 1
            onResult(.success(Array(addresses.prefix(ChannelTarget.addressesMax))))
        case .failure(let error): fail(error)
        }
    }

    private func fail(_ error: RPCError) {
        transport.counters.lookUpsFailed += 1
        onResult(.failure(error))
    }
}
