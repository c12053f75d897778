import LehrCore
import LehrHTTP2
import LehrRPC
import LehrTestSupport
import LehrWire
import Testing

@testable import LehrTLS

/// Files that are wrong, and files that change.
@Suite struct StoreTests {
    private static let names = ["URI:lehr://c/shard/s1"]
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func files() throws -> Files {
        try Files(authority.issue(Self.names), trusting: authority)
    }

    private func problem(_ files: Files) -> String {
        do {
            _ = try files.store()
            return "none"
        } catch {
            return "\(error)"
        }
    }

    @Test func aStoreKnowsItself() throws {
        let store = try files().store()
        #expect(store.current.identity == PeerIdentity(cluster: "c", role: "shard", name: "s1"))
        let expiry = try #require(store.current.expirySeconds)
        #expect(abs(expiry - Files.now - 86400) < 60)
    }

    @Test func problemsNameTheFile() throws {
        let other = try authority.issue(Self.names)
        var files = try files()
        try files.replaceCertificate(other)
        #expect(problem(files).hasSuffix("cert.pem"))
        #expect(problem(files).contains("key.pem: it is not the key of the certificate in "))

        files = try self.files()
        try files.write("key.pem", [])
        #expect(problem(files).contains("key.pem: it has no private key without a password"))

        files = try self.files()
        try files.write("ca.pem", Array("nothing\n".utf8))
        #expect(problem(files).contains("ca.pem: it has no certificate"))

        files = try self.files()
        try files.write("cert.pem", Array(other.certificate.prefix(200)))
        #expect(problem(files).contains("cert.pem: it is damaged"))

        files = try self.files()
        try files.remove("cert.pem")
        #expect(problem(files).contains("cert.pem: no such file"))

        files = try self.files()
        try files.replace(authority.issue(Self.names, to: -10))
        #expect(problem(files).contains("cert.pem: the certificate has expired"))
    }

    @Test func newFilesAreTaken() throws {
        let files = try files()
        let store = try files.store()
        let first = store.current
        #expect(store.look(atSeconds: Files.now) == .unchanged)
        try files.replace(authority.issue(["URI:lehr://c/shard/s2"]))
        #expect(store.look(atSeconds: Files.now) == .loaded)
        #expect(store.current.identity?.name == "s2")
        #expect(first.identity?.name == "s1")
        #expect(store.counters.loads == 1)
    }

    @Test func brokenFilesLeaveTheOldCredentials() throws {
        let files = try files()
        let store = try files.store()
        // Half of a renewal: the key is still the old one.
        let next = try authority.issue(["URI:lehr://c/shard/s2"])
        try files.replaceCertificate(next)
        guard case .failed(let error) = store.look(atSeconds: Files.now) else {
            Issue.record("a certificate without its key was taken")
            return
        }
        #expect(error.description.contains("it is not the key of the certificate"))
        // The same is not tried, nor told, again.
        #expect(store.look(atSeconds: Files.now) == .unchanged)
        #expect(store.counters.failures == 1)
        #expect(store.current.identity?.name == "s1")

        try files.replace(next)
        #expect(store.look(atSeconds: Files.now) == .loaded)
        #expect(store.current.identity?.name == "s2")

        try files.remove("ca.pem")
        guard case .failed = store.look(atSeconds: Files.now) else {
            Issue.record("a missing file was not noticed")
            return
        }
        #expect(store.look(atSeconds: Files.now) == .unchanged)
        #expect(store.counters.failures == 2)
    }

    @Test func anExpiredRenewalIsNotTaken() throws {
        let files = try files()
        let store = try files.store()
        try files.replace(authority.issue(Self.names, to: -10))
        guard case .failed(let error) = store.look(atSeconds: Files.now) else {
            Issue.record("an expired certificate was taken")
            return
        }
        #expect(error.description.contains("has expired"))
    }

    /// A connection that stands goes on with what it began with; the next one has the new files.
    @Test func connectionsOutliveARenewal() throws {
        let scene = try TLSScene()
        let files = try files()
        let store = try files.store()
        try scene.serve(store)
        let worker = try Files(
            authority.issue(["URI:lehr://c/worker/w1"]), trusting: authority)
        let workerStore = try worker.store()
        let channel = try scene.dial(workerStore)
        var outcomes: [Result<[UInt8], RPCError>] = []
        try scene.run { done in
            let options = CallOptions(timeout: .seconds(20))
            _ = channel.unary(TLSScene.path, [1], options) { first in
                outcomes.append(first)
                do {
                    try files.replace(self.authority.issue(["URI:lehr://c/shard/s9"]))
                    try worker.replace(self.authority.issue(["URI:lehr://c/worker/w9"]))
                } catch {
                    Issue.record("\(error)")
                }
                #expect(store.look(atSeconds: Files.now) == .loaded)
                #expect(workerStore.look(atSeconds: Files.now) == .loaded)
                _ = channel.unary(TLSScene.path, [2], options) { second in
                    outcomes.append(second)
                    guard let again = try? scene.dial(workerStore) else { return done() }
                    _ = again.unary(TLSScene.path, [3], options) { third in
                        outcomes.append(third)
                        done()
                    }
                }
            }
        }
        #expect(outcomes == [.success([1]), .success([2]), .success([3])])
        #expect(scene.identities.map { $0?.name } == ["w1", "w1", "w9"])
    }
}
