import Glibc
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
import LehrTestSupport
import LehrWire
import Testing

@testable import LehrTLS

/// A server and a client on loopback, on one reactor.
final class TLSScene {
    let reactor: Reactor
    private(set) var server: HTTP2Transport?
    private(set) var client: HTTP2Transport?
    /// What the server's handler was told of its callers.
    private(set) var identities: [PeerIdentity?] = []
    private(set) var refusals: [String] = []
    private(set) var address = ""
    private var isFinished = false
    /// Connections that a test has accepted and does nothing with.
    var held: [Socket] = []

    static let path = "/test.Echo/Call"

    init() throws { reactor = try Reactor() }

    /// Starts a server that answers each message with itself; without a store in cleartext.
    func serve(_ store: TLSStore?, limits: RPCLimits = RPCLimits()) throws {
        let security = try store.map { try TLSSecurity($0) { _ in .host } }
        let transport = HTTP2Transport(
            reactor: reactor, limits: limits, security: security, random: RandomSource(seed: 1))
        let services = ServiceTable()
        services.register(
            Self.path,
            .unary { [unowned self] context, message, responder in
                identities.append(context.identity)
                responder.finish(.success(message))
            })
        transport.onRefusedPeer = { [unowned self] in refusals.append($1.message) }
        address = try transport.listen(at: "127.0.0.1:0", services)
        server = transport
    }

    /// A client that expects any shard, unless told otherwise; without a store in cleartext.
    func dial(
        _ store: TLSStore?, expecting expectation: ServerExpectation = .init(roles: ["shard"]),
        at address: String? = nil, limits: RPCLimits = RPCLimits()
    ) throws -> any Channel {
        let security = try store.map { try TLSSecurity($0) { _ in expectation } }
        let transport = HTTP2Transport(
            reactor: reactor, limits: limits, security: security, random: RandomSource(seed: 2))
        client = transport
        return transport.channel(to: address ?? self.address)
    }

    /// Makes one call and returns how it ended; the connection is closed afterwards.
    func call(
        _ channel: any Channel, _ message: [UInt8] = [1, 2, 3]
    ) throws -> Result<[UInt8], RPCError> {
        var outcome: Result<[UInt8], RPCError>?
        try run { done in
            _ = channel.unary(Self.path, message, CallOptions(timeout: .seconds(20))) {
                outcome = $0
                done()
            }
        }
        return try #require(outcome)
    }

    /// Runs `body`, and the reactor until it calls its argument; then ends everything.
    func run(_ body: (@escaping () -> Void) throws -> Void) throws {
        let alarm = reactor.schedule(after: .seconds(30)) { [reactor] in reactor.stop() }
        try body { [self] in
            guard !isFinished else { return }
            isFinished = true
            // Time for the other side to notice a refusal.
            _ = reactor.schedule(after: .milliseconds(10)) { [self] in
                client?.shutDown(grace: .zero) {}
                server?.shutDown(grace: .zero) {}
                _ = reactor.schedule(after: .milliseconds(5)) { [reactor] in reactor.stop() }
            }
        }
        reactor.run()
        reactor.cancel(alarm)
        try #require(isFinished, "the test did not finish in time")
    }

    /// Runs `work` once `condition` holds, however long that takes.
    func once(_ condition: @escaping () -> Bool, _ work: @escaping () -> Void) {
        if condition() { return reactor.post(work) }
        _ = reactor.schedule(after: .milliseconds(1)) { self.once(condition, work) }
    }

    /// A connection to the server that a test speaks on as it likes.
    func connectRaw() throws -> Int32 {
        let target = try HostPort(address)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = target.port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
        return descriptor
    }
}

extension Result where Success == [UInt8], Failure == RPCError {
    var error: RPCError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }

    var message: String { error?.message ?? "" }
}
