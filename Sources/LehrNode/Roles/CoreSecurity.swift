import LehrHTTP2
import LehrRPC
import LehrReactor
import LehrTLS
import Logging

/// What the cores of a process secure their connections with.
struct CoreSecurity: Sendable {
    let store: TLSStore
    /// Where the coordinator is; whoever else is dialled is a shard.
    let coordinator: String
    /// Whether a server may also be known by its host name.
    let acceptsHost: Bool
    /// Whether any member may be dialled, as by a probe.
    var asksAnyMember = false

    init(store: TLSStore, coordinator: String, acceptsHost: Bool) {
        self.store = store
        self.coordinator = coordinator
        self.acceptsHost = acceptsHost
    }

    /// That of this process's certificate.
    var cluster: String? { store.current.identity?.cluster }

    /// Whether this process has no certificate to show.
    var isAnonymous: Bool { store.files.certificate.isEmpty }

    /// For one core, on its thread.
    func make() throws(TLSError) -> TLSSecurity {
        let (coordinator, acceptsHost) = (try? HostPort(coordinator), acceptsHost)
        let everyRole = asksAnyMember ? Set(PeerRole.allCases.map(\.rawValue)) : nil
        return try TLSSecurity(store) { target in
            ServerExpectation(
                roles: everyRole ?? [target == coordinator ? "coordinator" : "shard"],
                acceptsHost: acceptsHost)
        }
    }
}

/// Tells of peers that were refused, of a few in a while on each core: whoever is refused may try very
/// often.
final class RefusalLog {
    private let logger: Logger
    private var told = 0
    private var untold = 0

    private static let interval = Duration.seconds(5)
    private static let linesPerInterval = 5

    init(_ logger: Logger) { self.logger = logger }

    func follow(_ transport: HTTP2Transport) {
        transport.onRefusedPeer = { [self, unowned transport] peer, error in
            tell(peer, error.message, transport)
        }
        let limits = transport.limits
        transport.onSurplusPeer = { [self, unowned transport] peer, limit in
            let most =
                limit == .connections
                ? "all \(limits.connectionsMax) connections are in use"
                : "its address has \(limits.connectionsPerPeerMax) connections, the most"
            tell(peer, most, transport)
        }
    }

    private func tell(_ peer: String, _ reason: String, _ transport: HTTP2Transport) {
        guard told < Self.linesPerInterval else {
            untold += 1
            return
        }
        told += 1
        logger.warning(
            "a client was refused",
            metadata: ["peer": "\(peer)", "reason": "\(reason)", "untold": "\(untold)"])
        untold = 0
        guard told == 1 else { return }
        _ = transport.core.schedule(after: Self.interval) { [self] in told = 0 }
    }
}
