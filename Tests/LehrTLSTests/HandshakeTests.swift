import COpenSSL
import Glibc
import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
import LehrTestSupport
import LehrWire
import Testing

@testable import LehrTLS

/// Who may talk to whom, and what the other one is told.
@Suite struct HandshakeTests {
    private static let shard = "URI:lehr://c/shard/s1"
    private static let worker = "URI:lehr://c/worker/w1"
    private let authority: TestAuthority
    private let scene: TLSScene

    init() throws {
        authority = try TestAuthority()
        scene = try TLSScene()
    }

    private func store(
        _ names: [String]?, from issuer: TestAuthority? = nil, trusting: TestAuthority? = nil,
        validFrom start: Int = -3600, to end: Int = 86400, usage: String = "serverAuth,clientAuth",
        clients: ClientCertificates = .required, atSeconds: Int64 = Files.now
    ) throws -> TLSStore {
        let issued = try names.map {
            try (issuer ?? authority).issue($0, validFrom: start, to: end, usage: usage)
        }
        return try Files(issued, trusting: trusting ?? authority)
            .store(clients: clients, atSeconds: atSeconds)
    }

    @Test func membersKnowEachOther() throws {
        try scene.serve(store([Self.shard]))
        let channel = try scene.dial(store([Self.worker]))
        #expect(try scene.call(channel) == .success([1, 2, 3]))
        #expect(scene.identities == [PeerIdentity(cluster: "c", role: "worker", name: "w1")])
        #expect(scene.server?.counters.handshakesDone == 1)
        #expect(scene.client?.counters.handshakesDone == 1)
    }

    @Test func aServerOfAnotherAuthorityIsRefused() throws {
        let stranger = try TestAuthority("other")
        try scene.serve(store([Self.shard], from: stranger, trusting: stranger))
        let outcome = try scene.call(scene.dial(store([Self.worker])))
        #expect(outcome.error?.code == .unavailable)
        #expect(outcome.message.contains("the certificate of the server is not accepted"))
        #expect(outcome.message.contains("unable to get local issuer certificate"))
        #expect(
            scene.refusals == [
                "the client refuses our certificate: it does not trust its authority"
            ])
        #expect(scene.server?.counters.handshakesFailed == 1)
        #expect(scene.client?.counters.handshakesFailed == 1)
    }

    @Test func aClientOfAnotherAuthorityIsRefused() throws {
        let stranger = try TestAuthority("other")
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(scene.dial(store([Self.worker], from: stranger)))
        #expect(outcome.error?.code == .unavailable)
        #expect(outcome.message.contains("the server refuses our certificate"))
        #expect(scene.refusals.first?.contains("the certificate of the client") == true)
        #expect(scene.identities.isEmpty)
    }

    @Test func aServerOfAnotherClusterIsRefused() throws {
        try scene.serve(store(["URI:lehr://d/shard/s1"]))
        let outcome = try scene.call(scene.dial(store([Self.worker])))
        #expect(
            outcome.message.contains(
                "the server is lehr://d/shard/s1, of another cluster than ours, c"))
        #expect(scene.refusals.first?.contains("it may be of another cluster") == true)
    }

    @Test func aClientOfAnotherClusterIsRefused() throws {
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(scene.dial(impostor(["URI:lehr://d/worker/w1"])))
        #expect(outcome.message.contains("it may be of another cluster"))
        #expect(
            scene.refusals == ["the client is lehr://d/worker/w1, of another cluster than ours, c"])
        #expect(scene.identities.isEmpty)
    }

    @Test func aServerInAnotherRoleIsRefused() throws {
        try scene.serve(store(["URI:lehr://c/worker/w2"]))
        let outcome = try scene.call(scene.dial(store([Self.worker])))
        #expect(outcome.message.contains("the server is lehr://c/worker/w2, not a shard"))
    }

    @Test func aHostNameDoesNotMakeUpForARole() throws {
        try scene.serve(store(["URI:lehr://c/worker/w2", "IP:127.0.0.1"]))
        let channel = try scene.dial(
            store([Self.worker]), expecting: .init(roles: ["coordinator"], acceptsHost: true))
        #expect(
            try scene.call(channel).message.contains(
                "the server is lehr://c/worker/w2, not a coordinator"))
    }

    @Test func anExpiredServerIsRefused() throws {
        // Its certificate was still good when the server started.
        try scene.serve(store([Self.shard], to: -60, atSeconds: Files.now - 600))
        let outcome = try scene.call(scene.dial(store([Self.worker])))
        #expect(outcome.message.contains("certificate has expired"))
        #expect(scene.refusals == ["the client refuses our certificate: it has expired"])
    }

    @Test func anExpiredClientIsRefused() throws {
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(
            scene.dial(store([Self.worker], to: -60, atSeconds: Files.now - 600)))
        #expect(outcome.message.contains("the server refuses our certificate: it has expired"))
    }

    @Test func aCertificateForServersIsNotOneOfAClient() throws {
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(scene.dial(store([Self.worker], usage: "serverAuth")))
        #expect(outcome.message.contains("it was not made for this side of a connection"))
    }

    @Test func aClientWithoutACertificateIsRefused() throws {
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(scene.dial(store(nil)))
        #expect(
            outcome.message.contains("the server asks for a certificate, and we have none"))
        #expect(scene.refusals == ["the client shows no certificate"])
    }

    @Test func aClientMayBeLetInWithoutACertificate() throws {
        try scene.serve(store([Self.shard], clients: .optional))
        #expect(try scene.call(scene.dial(store(nil))) == .success([1, 2, 3]))
        #expect(scene.identities == [nil])
    }

    @Test func aBadCertificateIsRefusedAlsoWhereNoneIsNeeded() throws {
        let stranger = try TestAuthority("other")
        try scene.serve(store([Self.shard], clients: .optional))
        let outcome = try scene.call(scene.dial(store([Self.worker], from: stranger)))
        #expect(outcome.message.contains("the server refuses our certificate"))
    }

    @Test(arguments: ["IP:127.0.0.1", "URI:spiffe://c/x,IP:127.0.0.1"])
    func peopleExpectAHost(names: String) throws {
        try scene.serve(store([names]))
        let channel = try scene.dial(store([Self.worker]), expecting: .host)
        #expect(try scene.call(channel) == .success([1, 2, 3]))
    }

    @Test(arguments: ["DNS:localhost", "IP:127.0.0.2", shard])
    func anotherHostIsRefused(name: String) throws {
        try scene.serve(store([name]))
        let outcome = try scene.call(scene.dial(store([Self.worker]), expecting: .host))
        #expect(
            outcome.message.contains(
                "the server has a certificate that is not for '127.0.0.1'"))
    }

    @Test func anUnclearCertificateIsRefused() throws {
        try scene.serve(store([Self.shard]))
        let names = ["URI:lehr://c/worker/w1", "URI:lehr://c/coordinator/c1"]
        let outcome = try scene.call(scene.dial(impostor(names)))
        #expect(outcome.message.contains("refuses our certificate"))
        #expect(
            scene.refusals == [
                "the client has a certificate that is not clear: it names several members"
            ])
    }

    /// A client that does not look at its own certificate.
    private func impostor(_ names: [String]) throws -> TLSStore {
        let store = try store(nil)
        let issued = try authority.issue(names)
        let context = store.current.client
        let key = try PEM.privateKey(in: issued.key)
        defer { EVP_PKEY_free(key) }
        let count = try PEM.eachCertificate(in: issued.certificate) {
            SSL_CTX_use_certificate(context, $0)
        }
        try #require(count == 1 && SSL_CTX_use_PrivateKey(context, key) == 1)
        return store
    }

    @Test func cleartextOnATLSPortIsToldSo() throws {
        try scene.serve(store([Self.shard]))
        let outcome = try scene.call(scene.dial(nil))
        #expect(outcome.error?.code == .unavailable)
        #expect(outcome.message.contains("the peer speaks TLS, and this side does not"))
        #expect(
            scene.refusals == [
                "the client does not speak TLS: it may be set up for cleartext"
            ])
    }

    /// The streams of a core share memory: nothing of a refused one may come up in the next.
    @Test func aRefusalLeavesNothingBehind() throws {
        try scene.serve(store([Self.shard]))
        let descriptors = try (0..<3).map { _ in try scene.connectRaw() }
        defer { for descriptor in descriptors { close(descriptor) } }
        let greeting = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        for descriptor in descriptors {
            #expect(send(descriptor, greeting, greeting.count, 0) == greeting.count)
        }
        let channel = try scene.dial(store([Self.worker]))
        var outcome: Result<[UInt8], RPCError>?
        try scene.run { done in
            scene.once({ self.scene.refusals.count == 3 }) {
                _ = channel.unary(TLSScene.path, [1], CallOptions(timeout: .seconds(20))) {
                    outcome = $0
                    done()
                }
            }
        }
        #expect(outcome == .success([1]))
    }

    @Test func tlsOnACleartextPortIsToldSo() throws {
        try scene.serve(nil)
        let outcome = try scene.call(scene.dial(store([Self.worker])))
        #expect(
            outcome.message.contains(
                "the server does not speak TLS here: it answers in cleartext"))
    }

    @Test func otherProtocolsAreRefused() throws {
        try scene.serve(store([Self.shard]))
        let client = try store([Self.worker])
        ALPN.offer(["http/1.1"], by: client.current.client)
        let outcome = try scene.call(scene.dial(client))
        #expect(outcome.message.contains("does not speak HTTP/2 (ALPN h2) here"))
        #expect(scene.refusals == ["the client does not offer HTTP/2 (ALPN h2)"])
    }

    @Test func noProtocolIsRefused() throws {
        try scene.serve(store([Self.shard]))
        let client = try store([Self.worker])
        ALPN.offer([], by: client.current.client)
        let outcome = try scene.call(scene.dial(client))
        #expect(outcome.message.contains("does not offer HTTP/2 (ALPN h2)"))
        #expect(scene.refusals == ["the client does not offer HTTP/2 (ALPN h2)"])
    }

    @Test func aClientThatStallsIsHungUpOn() throws {
        var limits = RPCLimits()
        limits.handshakeTimeout = .milliseconds(50)
        try scene.serve(store([Self.shard]), limits: limits)
        let descriptor = try scene.connectRaw()
        defer { close(descriptor) }
        // The begin of a greeting.
        #expect(send(descriptor, [UInt8]([0x16, 3, 1, 2]), 4, 0) == 4)
        try scene.run { done in
            scene.once({ self.scene.server?.counters.handshakesTimedOut == 1 }, done)
        }
        var byte: UInt8 = 0
        #expect(recv(descriptor, &byte, 1, 0) == 0)
        #expect(scene.refusals.first?.contains("did not finish the TLS handshake in") == true)
    }

    @Test func aServerThatStallsIsGivenUp() throws {
        var limits = RPCLimits()
        limits.handshakeTimeout = .milliseconds(50)
        let listener = try Listener(
            at: HostPort(host: "127.0.0.1", port: 0), on: scene.reactor
        ) { self.scene.held.append($0) }
        let channel = try scene.dial(
            store([Self.worker]), at: listener.address.description, limits: limits)
        let outcome = try scene.call(channel)
        listener.close()
        #expect(outcome.error?.code == .unavailable)
        #expect(outcome.message.contains("the server did not finish the TLS handshake in"))
        #expect(scene.client?.counters.handshakesTimedOut == 1)
    }

    @Test func handshakesCountAsConnections() throws {
        var limits = RPCLimits()
        limits.connectionsMax = 1
        try scene.serve(store([Self.shard]), limits: limits)
        let descriptors = [try scene.connectRaw(), try scene.connectRaw()]
        defer { for descriptor in descriptors { close(descriptor) } }
        try scene.run { done in
            scene.once({ self.scene.server?.counters[.connections] == 1 }, done)
        }
        #expect(scene.server?.counters.connectionsAccepted == 1)
    }

    @Test func aShutdownEndsHandshakes() throws {
        try scene.serve(store([Self.shard]))
        let descriptor = try scene.connectRaw()
        defer { close(descriptor) }
        try scene.run { done in
            scene.once({ self.scene.server?.counters.connectionsAccepted == 1 }, done)
        }
        var byte: UInt8 = 0
        #expect(recv(descriptor, &byte, 1, 0) == 0)
        #expect(scene.server?.counters.handshakesFailed == 0)
    }
}
