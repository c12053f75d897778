import CNGHTTP2
package import LehrCore
package import LehrRPC
package import LehrReactor
import LehrWire

/// gRPC over HTTP/2 on one reactor: its listeners, its connections, its channels.
package final class HTTP2Transport: Transport, TurnEnd {
    package let reactor: Reactor
    package let limits: RPCLimits
    /// What comes before HTTP/2 on each connection; nil: nothing, in cleartext.
    let security: (any TransportSecurity)?
    /// Told of each handshake with a client that failed: its address, and why. For logs.
    package var onRefusedPeer: ((String, HandshakeError) -> Void)?
    /// Told of each connection that was closed because there are as many as may be, of all peers or of
    /// its address. For logs.
    package var onSurplusPeer: ((String, RPCLimit) -> Void)?
    /// Read on the core.
    package internal(set) var counters = HTTP2Counters()
    let output = OutputBuffer(capacity: 2 * outputBytes)
    var headers = HeaderBlock()
    let memory = SessionMemory()
    let arenas = ArenaPool()
    let standardFields = StandardFields()
    private var random: RandomSource
    private var listeners: [Listener] = []
    private var channels: [String: (outer: RepeatingChannel, inner: HTTP2Channel)] = [:]
    /// Looks up the addresses of a name; to be replaced before the first call, as by tests.
    package var lookUp: LookUp
    private var serverConnections: [ObjectIdentifier: ServerConnection] = [:]
    private var handshakes: [UInt64: any Handshake] = [:]
    private var nextHandshake: UInt64 = 0
    private var dirty: [HTTP2Connection] = []
    private var flushing: [HTTP2Connection] = []
    private var isStopping = false
    private var beforeShutDown: [() -> Void] = []
    private var onNoServerConnections: (() -> Void)?
    /// Connections of the servers, by the address of their peers.
    private var peers: [String: Int] = [:]
    private var lookTimer: TimerID?

    /// Completes later on the core, with the addresses in the order of preference.
    package typealias LookUp = (
        HostPort, _ completion: @escaping (Result<[HostPort], RPCError>) -> Void
    ) -> Void

    /// What calls that have no deadline have left when a server shuts down.
    private static let watchGrace = Duration.milliseconds(500)

    /// Output is gathered up to this many bytes before it is written.
    static let outputBytes = 128 << 10

    /// `random` spreads the repetitions of connection attempts.
    package init(
        reactor: Reactor, limits: RPCLimits = RPCLimits(),
        security: (any TransportSecurity)? = nil, random: RandomSource
    ) {
        self.reactor = reactor
        self.limits = limits
        self.security = security
        self.random = random
        lookUp = { [unowned reactor] name, completion in
            Resolver.resolve(name, on: reactor) { completion($0.map { $0.map(\.hostPort) }) }
        }
    }

    deinit {
        for listener in listeners { listener.close() }
        for handshake in handshakes.values { handshake.cancel() }
        if let lookTimer { reactor.cancel(lookTimer) }
    }

    package var core: any Core { reactor }

    package func listen(at address: String, _ services: ServiceTable) throws(RPCError) -> String {
        precondition(!isStopping, "a transport that was shut down does not listen again")
        let target = try HostPort(address)
        let listener = try Listener(at: target, on: reactor) { [unowned self] socket in
            accept(socket, services)
        }
        listeners.append(listener)
        return listener.address.description
    }

    package func channel(to target: String) -> any Channel {
        if let known = channels[target] { return known.outer }
        let inner = HTTP2Channel(target, self, RandomSource(seed: random.next()))
        let outer = RepeatingChannel(
            inner, of: self, limits: limits, random: RandomSource(seed: random.next())
        ) { [unowned self] count in count(&counters.repeats) }
        channels[target] = (outer, inner)
        if isStopping { shutDown(outer, inner) }
        return outer
    }

    /// The outer one first, so that it does not repeat what the inner one ends.
    private func shutDown(_ outer: RepeatingChannel, _ inner: HTTP2Channel) {
        outer.shutDown(HTTP2Channel.shutDownError)
        inner.shutDown()
    }

    /// Has `work` run when the transport is told to shut down, before its peers are told.
    package func atShutDown(_ work: @escaping () -> Void) { beforeShutDown.append(work) }

    package func shutDown(grace: Duration, _ completion: @escaping () -> Void) {
        guard !isStopping else { return completion() }
        isStopping = true
        for work in beforeShutDown { work() }
        beforeShutDown = []
        for listener in listeners { listener.close() }
        listeners = []
        for handshake in handshakes.values { handshake.cancel() }
        handshakes = [:]
        var isDone = false
        let finish = { [self] in
            guard !isDone else { return }
            isDone = true
            onNoServerConnections = nil
            for (outer, inner) in channels.values { shutDown(outer, inner) }
            // A moment for the last bytes to leave.
            _ = reactor.schedule(after: .milliseconds(1), completion)
        }
        guard !serverConnections.isEmpty else { return finish() }
        for connection in serverConnections.values { connection.drain() }
        let watches = reactor.schedule(after: min(grace, Self.watchGrace)) { [self] in
            let error = RPCError(.unavailable, "the server is shutting down")
            for connection in serverConnections.values {
                connection.abort(error) { $0.deadline == nil }
            }
        }
        let timer = reactor.schedule(after: grace) { [self] in
            onNoServerConnections = nil
            for connection in serverConnections.values {
                connection.abort(RPCError(.unavailable, "the server is shutting down"))
            }
            endOfTurn()
            for connection in serverConnections.values {
                connection.close("the server is shutting down", .shutDown)
            }
            finish()
        }
        onNoServerConnections = { [reactor] in
            reactor.cancel(timer)
            reactor.cancel(watches)
            finish()
        }
    }

    // MARK: Connections

    private func accept(_ socket: Socket, _ services: ServiceTable) {
        guard serverConnections.count + handshakes.count < limits.connectionsMax else {
            return refuse(socket, .connections)
        }
        let peer = socket.peer?.hostPort
        if let host = peer?.host {
            guard peers[host, default: 0] < limits.connectionsPerPeerMax else {
                return refuse(socket, .connectionsPerPeer)
            }
            peers[host, default: 0] += 1
        }
        socket.shortenLocalQueue()
        counters.connectionsAccepted += 1
        guard let security else {
            serve(socket, services, peer)
            return
        }
        nextHandshake += 1
        let id = nextHandshake
        handshakes[id] = security.accept(
            socket, on: reactor, timeout: limits.handshakeTimeout
        ) { [unowned self] result in
            handshakes[id] = nil
            countHandshake(result)
            switch result {
            case .success(let secured): serve(secured.stream, services, peer, secured.identity)
            case .failure(let error):
                forget(peer?.host)
                onRefusedPeer?(peer?.description ?? "unknown", error)
            }
        }
    }

    private func refuse(_ socket: Socket, _ limit: RPCLimit) {
        counters.hit(limit)
        onSurplusPeer?(socket.peer?.description ?? "unknown", limit)
        socket.close()
    }

    func countHandshake(_ result: Result<SecuredStream, HandshakeError>) {
        switch result {
        case .success: counters.handshakesDone += 1
        case .failure(let error) where error.kind == .timedOut: counters.handshakesTimedOut += 1
        case .failure: counters.handshakesFailed += 1
        }
    }

    /// A connection from there is no more.
    private func forget(_ host: String?) {
        guard let host, let count = peers[host] else { return }
        peers[host] = count > 1 ? count - 1 : nil
    }

    @discardableResult
    func serve(
        _ stream: any ByteStream, _ services: ServiceTable, _ peer: HostPort?,
        _ identity: PeerIdentity? = nil
    ) -> ServerConnection {
        let connection = ServerConnection(self, services, peer: peer, identity: identity)
        serverConnections[ObjectIdentifier(connection)] = connection
        lookLater()
        connection.attach(stream)
        connection.watchLife(jitter: limits.connectionAgeMax == nil ? 0 : random.uniform())
        return connection
    }

    func ended(_ connection: ServerConnection) {
        serverConnections[ObjectIdentifier(connection)] = nil
        forget(connection.peerHost)
        guard serverConnections.isEmpty, let tell = onNoServerConnections else { return }
        onNoServerConnections = nil
        reactor.post(tell)
    }

    /// Looks after connections that wait for their peers, for as long as there are connections.
    private func lookLater() {
        guard lookTimer == nil, !serverConnections.isEmpty else { return }
        let interval = ServerConnection.lookInterval(limits)
        lookTimer = reactor.schedule(after: interval) { [unowned self] in
            lookTimer = nil
            for connection in serverConnections.values { connection.look() }
            lookLater()
        }
    }

    /// Makes room: the connection that holds most ends.
    func relieve() {
        while counters.heldBytes > limits.serverBytesMax,
            let worst = serverConnections.values.max(by: { $0.heldBytes < $1.heldBytes })
        {
            worst.hangUp(.serverBytes, NGHTTP2_ENHANCE_YOUR_CALM, "the server is out of memory")
        }
    }

    // MARK: Output

    func flushLater(_ connection: HTTP2Connection) {
        if dirty.isEmpty { reactor.atEndOfTurn(self) }
        dirty.append(connection)
    }

    package func endOfTurn() {
        swap(&flushing, &dirty)
        for connection in flushing { connection.flush() }
        flushing.removeAll(keepingCapacity: true)
    }
}
