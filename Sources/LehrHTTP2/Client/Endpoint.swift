import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// One address of a channel: its connections, and when it may be tried again after a failure.
final class Endpoint {
    let address: HostPort
    /// The address as calls and their callers know it.
    let name: String
    /// The server's own name, which stays the same behind many addresses.
    let server: HostPort
    /// The same, as calls have it.
    let authority: String
    // The channel keeps its endpoints as long as they have connections.
    private unowned let channel: HTTP2Channel
    // The transport owns the channels.
    private unowned let transport: HTTP2Transport
    /// Those that are being made or take calls.
    private var connections: [ClientConnection] = []
    /// Those that still have calls in flight but take no more.
    private var draining: [ClientConnection] = []
    private var backoff: Backoff
    /// When the next attempt may be made.
    private(set) var blockedUntil: Instant?

    /// Well below a lease's time to live: a member must reach a restarted coordinator while the lease
    /// still stands.
    private static let backoffMax = Duration.seconds(1)

    init(
        _ address: HostPort, authority: HostPort, of channel: HTTP2Channel,
        _ transport: HTTP2Transport, _ random: RandomSource
    ) {
        self.address = address
        server = authority
        self.authority = authority.description
        self.channel = channel
        self.transport = transport
        name = address.description
        backoff = Backoff(first: .milliseconds(100), most: Self.backoffMax, random: random)
    }

    /// A connection takes calls, or may soon.
    var isHopeful: Bool { !connections.isEmpty }
    var isConnecting: Bool { connections.contains { !$0.isGreeted } }
    var isUnused: Bool { connections.isEmpty && draining.isEmpty }

    /// The least busy connection that has room for a call; makes one more where that helps.
    func usableConnection() -> ClientConnection? {
        var best: ClientConnection?
        for connection in connections where connection.hasRoom {
            if best.map({ connection.callCount < $0.callCount }) ?? true { best = connection }
        }
        if best?.isBackedUp ?? true { connect() }
        return best
    }

    /// Begins to make a connection, unless one is being made already, there are enough, or it is too
    /// early after a failure.
    func connect() {
        guard connections.count < transport.limits.connectionsPerAddressMax, !isConnecting else {
            return
        }
        if let blockedUntil {
            guard blockedUntil <= transport.reactor.now else { return }
            self.blockedUntil = nil
        }
        connections.append(ClientConnection(transport, to: self))
    }

    // MARK: What connections tell

    /// The server has answered: the address is good.
    func greeted() {
        backoff.reset()
        blockedUntil = nil
        channel.pump()
    }

    func drains(_ connection: ClientConnection) {
        guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
        draining.append(connections.remove(at: index))
    }

    /// A call has ended: another may have its place.
    func madeRoom() { channel.pumpIfWaiting() }

    func turnedAway(_ calls: [ClientCall], _ error: RPCError, replaysMax: Int) {
        channel.replay(calls, error, replaysMax: replaysMax)
    }

    /// A connection has ended; one that was never greeted counts as a failure to connect.
    func ended(_ connection: ClientConnection, _ error: RPCError) {
        draining.removeAll { $0 === connection }
        guard let index = connections.firstIndex(where: { $0 === connection }) else {
            return channel.forgetUnused()
        }
        connections.remove(at: index)
        if !connection.isGreeted {
            transport.counters.connectionsFailed += 1
            blockedUntil = transport.reactor.now + backoff.next()
        }
        channel.lost(error)
    }

    // MARK: The end

    /// The address is not the channel's any more: calls in flight go on, and no more begin.
    func retire() {
        draining += connections
        connections = []
        for connection in draining { connection.retire() }
    }

    /// Ends every call with UNAVAILABLE.
    func shutDown() {
        for connection in connections + draining { connection.shutDown() }
    }
}
