import Glibc
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
import LehrTLS
import LehrTestSupport
import LehrWire
import Testing

/// What carries the calls of a test.
enum Carrier: CaseIterable, CustomTestStringConvertible {
    case sockets, tls, memory

    var testDescription: String { "\(self)" }
}

/// A client, and servers that a test starts: on one reactor, or on cores of one virtual time.
///
/// A test's body is run on the client's core and calls `finish` when it has seen everything.
final class Scene {
    let core: any Core
    let client: any Transport
    private let makeServer: (RPCLimits) -> any Transport
    private let listenAddress: String
    private let stop: () -> Void
    private(set) var isFinished = false
    private var servers: [any Transport] = []
    private var cleanups: [() -> Void] = []

    /// How long a body may take, of real or virtual time.
    private static let patience = Duration.seconds(30)

    private init(
        core: any Core, client: any Transport, listenAddress: String,
        makeServer: @escaping (RPCLimits) -> any Transport, stop: @escaping () -> Void
    ) {
        self.core = core
        self.client = client
        self.listenAddress = listenAddress
        self.makeServer = makeServer
        self.stop = stop
    }

    /// Runs `body` until it has called `finish`.
    static func run(
        on carrier: Carrier, limits: RPCLimits = RPCLimits(), _ body: (Scene) throws -> Void
    ) throws {
        switch carrier {
        case .sockets: try runOnSockets(limits, nil, body)
        case .tls: try runOnSockets(limits, Certificates.stores.get(), body)
        case .memory: try runInMemory(limits, body)
        }
    }

    private static func runOnSockets(
        _ limits: RPCLimits, _ stores: (server: TLSStore, client: TLSStore)?,
        _ body: (Scene) throws -> Void
    ) throws {
        let reactor = try Reactor()
        let server = try stores.map { try TLSSecurity($0.server) { _ in .host } }
        let client = try stores.map { try TLSSecurity($0.client) { _ in .host } }
        let scene = Scene(
            core: reactor,
            client: HTTP2Transport(
                reactor: reactor, limits: limits, security: client, random: .init(seed: 1)),
            listenAddress: "127.0.0.1:0",
            makeServer: {
                HTTP2Transport(
                    reactor: reactor, limits: $0, security: server, random: .init(seed: 2))
            },
            stop: { reactor.stop() })
        let alarm = reactor.schedule(after: patience) { reactor.stop() }
        defer { scene.cleanUp() }
        try body(scene)
        reactor.run()
        reactor.cancel(alarm)
        try #require(scene.isFinished, "the test did not finish in time")
    }

    private static func runInMemory(_ limits: RPCLimits, _ body: (Scene) throws -> Void) throws {
        let time = VirtualTime()
        var random = RandomSource(seed: 7)
        let network = InMemoryNetwork(on: time) { _, _, _ in .microseconds(20 + random.below(200)) }
        let home = VirtualCore(on: time)
        let scene = Scene(
            core: home,
            client: InMemoryTransport(name: "client", core: home, network: network, limits: limits),
            listenAddress: "server:0",
            makeServer: {
                InMemoryTransport(
                    name: "server", core: VirtualCore(on: time), network: network, limits: $0)
            }, stop: {})
        defer {
            scene.cleanUp()
            time.forgetAll()
        }
        var failure: (any Error)?
        home.perform {
            do { try body(scene) } catch { failure = error }
        }
        if let failure { throw failure }
        try #require(
            time.run(for: patience) { scene.isFinished }, "the test did not finish in time")
    }

    /// The test has seen what it waited for; on sockets everything is closed first.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        for transport in servers + [client] { transport.shutDown(grace: .zero) {} }
        _ = core.schedule(after: .milliseconds(5), stop)
    }

    /// Runs `work` when everything is over, so that what refers to itself is let go.
    func atEnd(_ work: @escaping () -> Void) { cleanups.append(work) }

    private func cleanUp() {
        servers = []
        for work in cleanups { work() }
        cleanups = []
    }

    /// Starts a server, at `address` if given, and returns it with where it listens.
    func serve(
        _ services: ServiceTable, at address: String? = nil, limits: RPCLimits = RPCLimits()
    ) throws -> (transport: any Transport, address: String) {
        let transport = makeServer(limits)
        servers.append(transport)
        return (transport, try transport.listen(at: address ?? listenAddress, services))
    }

    /// A channel to a new server with one method.
    func channel(
        _ path: String, _ handler: ServiceTable.Handler, limits: RPCLimits = RPCLimits()
    ) throws -> any Channel {
        let services = ServiceTable()
        services.register(path, handler)
        return client.channel(to: try serve(services, limits: limits).address)
    }

    /// Runs `work` once `condition` holds, however long that takes; a test's patience ends it.
    func once(_ condition: @escaping () -> Bool, _ work: @escaping () -> Void) {
        if condition() { return core.post(work) }
        after(.milliseconds(1)) { self.once(condition, work) }
    }

    /// Runs `work` once `value` has grown and then stayed the same for a while: what made it grow waits.
    func onceStill(_ value: @escaping () -> Int, _ work: @escaping () -> Void) {
        func look(_ last: Int, _ looksAlike: Int) {
            if last > 0, looksAlike == 6 { return work() }
            after(.milliseconds(50)) {
                let now = value()
                look(now, now == last ? looksAlike + 1 : 0)
            }
        }
        look(value(), 0)
    }

    func after(_ delay: Duration, _ work: @escaping () -> Void) {
        _ = core.schedule(after: delay, work)
    }
}

/// The server's certificate in all tests. Clients have none, so that calls are judged as on plain
/// sockets; what mutual TLS makes of certificates is for tests of its own.
private enum Certificates {
    static let stores = Result {
        let directory = try TemporaryDirectory()
        let authority = try TestAuthority()
        let issued = try authority.issue(["URI:lehr://test/shard/s", "IP:127.0.0.1"])
        let files = TLSFiles(
            certificate: try directory.write("cert.pem", bytes: issued.certificate),
            key: try directory.write("key.pem", bytes: issued.key),
            authority: try directory.write("ca.pem", bytes: authority.pem))
        let client = TLSFiles(certificate: "", key: "", authority: files.authority)
        let now = Int64(wallClockMilliseconds() / 1000)
        return (
            server: try TLSStore(
                files, in: directory.files, clients: .optional, atSeconds: now),
            client: try TLSStore(client, in: directory.files, atSeconds: now)
        )
    }
}

extension Result where Success == [UInt8], Failure == RPCError {
    var code: StatusCode {
        switch self {
        case .success: .ok
        case .failure(let error): error.code
        }
    }
}

/// Keeps handlers' ends of calls, as a handler does that answers later.
final class Held {
    var responders: [UnaryResponder] = []
    var streams: [any ServerStream] = []
    var onCall: (() -> Void)?
}
