import LehrCore
import LehrRPC
import LehrReactor
import LehrWire

/// Calls to one address over one connection, which is made when it is first needed.
final class HTTP2Channel: Channel {
    let address: String
    // The transport owns its channels.
    private unowned let transport: HTTP2Transport
    private var connection: ClientConnection?
    /// Connections that still have calls in flight but take no more.
    private var draining: [ObjectIdentifier: ClientConnection] = [:]
    private var random: RandomSource
    private var failures = 0
    private var backOff: (end: Instant, error: RPCError)?
    private var isShutDown = false

    private static let backOffMin = Duration.milliseconds(100)
    /// Well below a lease's time to live: a member must reach a restarted coordinator while the lease
    /// still stands.
    private static let backOffMax = Duration.seconds(1)

    init(_ address: String, _ transport: HTTP2Transport, _ random: RandomSource) {
        self.address = address
        self.transport = transport
        self.random = random
    }

    func unary(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        _ completion: @escaping (Result<[UInt8], RPCError>) -> Void
    ) -> any Call {
        start(ClientCall(path, options, .unary(completion), transport, message: message))
    }

    func serverStreaming(
        _ path: String, _ message: [UInt8], _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any Call {
        start(ClientCall(path, options, .stream(onMessage, onEnd), transport, message: message))
    }

    func bidirectional(
        _ path: String, _ options: CallOptions,
        onMessage: @escaping ([UInt8]) -> Void, onEnd: @escaping (RPCError?) -> Void
    ) -> any ClientStream {
        start(ClientCall(path, options, .stream(onMessage, onEnd), transport, message: nil))
    }

    private func start(_ call: ClientCall) -> ClientCall {
        do throws(RPCError) {
            try call.check()
            let connection = try usableConnection()
            try connection.start(call)
        } catch {
            call.failSoon(error)
        }
        return call
    }

    /// The connection for a new call, perhaps still being made.
    private func usableConnection() throws(RPCError) -> ClientConnection {
        guard !isShutDown else { throw RPCError(.unavailable, "the client has shut down") }
        if let connection, connection.takesCalls { return connection }
        if let backOff {
            guard backOff.end <= transport.reactor.now else { throw backOff.error }
            self.backOff = nil
        }
        let made = try ClientConnection(transport, to: HostPort(address), for: self)
        if let old = connection { draining[ObjectIdentifier(old)] = old }
        connection = made
        return made
    }

    /// The server has answered: the address is good.
    func greeted() {
        failures = 0
        backOff = nil
    }

    /// A connection has ended; one that was never greeted counts as a failure to connect.
    func ended(_ connection: ClientConnection, _ error: RPCError) {
        draining[ObjectIdentifier(connection)] = nil
        if self.connection === connection { self.connection = nil }
        guard !connection.wasGreeted else { return }
        let delay = min(Self.backOffMin * (1 << min(failures, 6)), Self.backOffMax)
        failures += 1
        // Between half of the delay and all of it, so that clients of a lost server spread.
        let share = 0.5 + 0.5 * Double(random.uniform())
        backOff = (transport.reactor.now + delay * share, error)
    }

    /// Ends every call with UNAVAILABLE, and every later one.
    func shutDown() {
        isShutDown = true
        let connections = Array(draining.values) + (connection.map { [$0] } ?? [])
        for connection in connections { connection.shutDown() }
    }
}
