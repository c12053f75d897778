import LehrWire
import Testing

@testable import LehrRPC

/// Knows one person.
final class OnePerson: TokenVerifier {
    func verify(_ token: String) -> TokenVerdict {
        token == "secret-1" ? .valid(name: "ann") : .refused("the token is not known here")
    }
}

@Suite struct AuthorizerTests {
    private static let submit = CoordinatorMethods.submitJob.path
    private static let join = CoordinatorMethods.join.path

    private static func identity(_ role: PeerRole, cluster: String = "c") -> PeerIdentity {
        PeerIdentity(cluster: cluster, role: role, name: "\(role.rawValue)-1")
    }

    /// What comes of a call: who makes it, or the error.
    private static func call(
        _ authorizer: Authorizer, _ path: String, _ identity: PeerIdentity? = nil,
        authorization: String...
    ) -> Result<PeerIdentity?, RPCError> {
        var metadata = Metadata([("x-other", "1")] + authorization.map { ("authorization", $0) })
        do throws(RPCError) {
            let caller = try authorizer.admit(
                path, authorizer.rule(for: path), identity: identity, peer: "p", &metadata)
            #expect(metadata == Metadata([("x-other", "1")]), "no handler sees a credential")
            return .success(caller)
        } catch {
            return .failure(error)
        }
    }

    @Test func aCertificateDecides() {
        let authorizer = Authorizer(.certificates(cluster: "c"), tokens: OnePerson())
        let ann = Self.identity(.client)
        #expect(Self.call(authorizer, Self.submit, ann) == .success(ann))
        let worker = Self.identity(.worker)
        let refused = Self.call(authorizer, Self.submit, worker, authorization: "Bearer secret-1")
        #expect(
            refused.failure
                == RPCError(
                    .permissionDenied,
                    """
                    worker 'worker-1' may not call /lehr.v1.Coordinator/SubmitJob; the roles that \
                    may: client
                    """))
        #expect(Self.call(authorizer, Self.join, ann).failure?.code == .permissionDenied)
        #expect(authorizer.counters == .init(unauthenticated: 0, forbidden: 2))
    }

    @Test func aTokenIsAClient() {
        let authorizer = Authorizer(.certificates(cluster: "c"), tokens: OnePerson())
        let ann = PeerIdentity(cluster: "c", role: PeerRole.client, name: "ann")
        for text in ["Bearer secret-1", "bearer secret-1", "BEARER  secret-1"] {
            #expect(Self.call(authorizer, Self.submit, authorization: text) == .success(ann))
        }
        let joins = Self.call(authorizer, Self.join, authorization: "Bearer secret-1")
        #expect(joins.failure?.code == .permissionDenied)
    }

    @Test(arguments: ["Bearer secret-2", "Basic secret-1", "secret-1", "Bearer", ""])
    func otherCredentialsAreRefusedAndNotRepeated(text: String) {
        let authorizer = Authorizer(.certificates(cluster: "c"), tokens: OnePerson())
        let error = Self.call(authorizer, Self.submit, authorization: text).failure
        #expect(error?.code == .unauthenticated)
        #expect(error?.message.contains("secret") == false)
        #expect(authorizer.counters.unauthenticated == 1)
    }

    @Test func twoCredentialsAreOneTooMany() {
        let authorizer = Authorizer(.certificates(cluster: "c"), tokens: OnePerson())
        let result = Self.call(
            authorizer, Self.submit, authorization: "Bearer secret-1", "Bearer secret-1")
        #expect(result.failure?.code == .unauthenticated)
    }

    @Test func aStrangerIsToldWhatToShow() {
        let authorizer = Authorizer(.certificates(cluster: "c"), tokens: OnePerson())
        var denials: [Authorizer.Denial] = []
        authorizer.onDenial = { denials.append($0) }
        let people = Self.call(authorizer, Self.submit).failure
        #expect(people?.code == .unauthenticated)
        #expect(people?.message.contains("--tls-cert") == true)
        #expect(people?.message.contains("--token-file") == true)
        let members = Self.call(authorizer, Self.join).failure
        #expect(members?.message.contains("--token-file") == false)
        #expect(denials.map(\.path) == [Self.submit, Self.join])
        #expect(denials.allSatisfy { $0.peer == "p" && $0.caller == nil })
    }

    @Test func anotherClusterIsForeign() {
        let authorizer = Authorizer(.certificates(cluster: "c"))
        let foreign = Self.identity(.client, cluster: "d")
        let error = Self.call(authorizer, Self.submit, foreign).failure
        #expect(error?.code == .unauthenticated)
        #expect(error?.message.contains("'d'") == true)
    }

    @Test func tokensWhereNoneAreTaken() {
        let authorizer = Authorizer(.certificates(cluster: "c"))
        let error = Self.call(authorizer, Self.submit, authorization: "Bearer secret-1").failure
        #expect(error?.code == .unauthenticated)
        #expect(error?.message.contains("takes no tokens") == true)
    }

    @Test func onLoopbackPeopleNeedTokensAndMembersNothing() {
        let authorizer = Authorizer(.tokensOnly, tokens: OnePerson())
        #expect(Self.call(authorizer, Self.join) == .success(nil))
        #expect(Self.call(authorizer, Self.submit).failure?.code == .unauthenticated)
        #expect(Self.call(authorizer, ReflectionService.paths[0]).failure?.code == .unauthenticated)
        #expect(Self.call(authorizer, HealthService.checkPath) == .success(nil))
        let ann = Self.call(authorizer, Self.submit, authorization: "Bearer secret-1")
        #expect(ann == .success(PeerIdentity(cluster: "", role: PeerRole.client, name: "ann")))
        let wrong = Self.call(authorizer, Self.join, authorization: "Bearer secret-2")
        #expect(wrong.failure?.code == .unauthenticated)
    }

    @Test func anUnknownRoleOfTheClusterIsRefused() {
        let authorizer = Authorizer(.certificates(cluster: "c"))
        let odd = PeerIdentity(cluster: "c", role: "admin", name: "x")
        #expect(Self.call(authorizer, Self.submit, odd).failure?.code == .permissionDenied)
        #expect(
            Self.call(authorizer, ReflectionService.paths[0], odd).failure?.code
                == .permissionDenied)
        #expect(Self.call(authorizer, HealthService.checkPath, odd) == .success(odd))
    }

    @Test func aMethodWithoutARuleIsNobodys() {
        let authorizer = Authorizer(.certificates(cluster: "c"))
        for role in PeerRole.allCases {
            let error = Self.call(authorizer, "/t/New", Self.identity(role)).failure
            #expect(error?.code == .permissionDenied)
        }
        #expect(Self.call(authorizer, "/t/New").failure?.code == .permissionDenied)
    }

    @Test func aMemberSpeaksForItself() {
        func context(_ identity: PeerIdentity?) -> CallContext {
            CallContext(
                method: Self.join, peer: "p", identity: identity, deadline: nil,
                metadata: Metadata())
        }
        let shard = context(Self.identity(.shard))
        #expect(throws: Never.self) { try shard.requireToBe(.shard, named: "shard-1") }
        #expect(throws: RPCError.self) { try shard.requireToBe(.shard, named: "shard-2") }
        #expect(throws: RPCError.self) { try shard.requireToBe(.worker, named: "shard-1") }
        #expect(throws: Never.self) { try context(nil).requireToBe(.worker, named: "any") }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
