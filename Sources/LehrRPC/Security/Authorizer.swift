import LehrWire

/// Judges each call before its handler runs: who calls, and whether this role may.
///
/// A server without one asks nothing: that is for loopback and for simulations. Belongs to the core
/// whose `ServiceTable` has it.
package final class Authorizer {
    /// How callers show who they are.
    package enum Evidence: Equatable, Sendable {
        /// By certificates of this cluster; people also by tokens.
        case certificates(cluster: String)
        /// Cleartext on loopback. People show tokens; members of the cluster have nothing to show,
        /// so that methods which are theirs are open to whoever reaches the server.
        case tokensOnly
    }

    /// A call that was not let through, for logs.
    package struct Denial {
        package let path: String
        package let peer: String
        /// Who the caller was, if that could be told.
        package let caller: PeerIdentity?
        package let error: RPCError
    }

    package struct Counters: Equatable, Sendable {
        /// Callers of whom nothing was known, or nothing that counts here.
        package internal(set) var unauthenticated: UInt64 = 0
        /// Callers who are known and may not.
        package internal(set) var forbidden: UInt64 = 0
    }

    package private(set) var counters = Counters()
    /// Told of each denial; it should bound what it writes.
    package var onDenial: ((Denial) -> Void)?
    private let table: AuthorizationTable
    private let evidence: Evidence
    private let tokens: (any TokenVerifier)?

    package init(
        _ evidence: Evidence, tokens: (any TokenVerifier)? = nil,
        table: AuthorizationTable = .lehr
    ) {
        self.evidence = evidence
        self.tokens = tokens
        self.table = table
    }

    func rule(for path: String) -> AuthorizationTable.Rule? { table[path] }

    /// Lets a call through, or throws UNAUTHENTICATED or PERMISSION_DENIED, for a person to read.
    ///
    /// - Parameters:
    ///   - identity: of the caller's certificate; it decides when there is one.
    ///   - metadata: the call's; credentials are taken out, so that no handler sees them.
    /// - Returns: who calls, by certificate or by token; nil: nobody asked.
    func admit(
        _ path: String, _ rule: AuthorizationTable.Rule?, identity: PeerIdentity?, peer: String,
        _ metadata: inout Metadata
    ) throws(RPCError) -> PeerIdentity? {
        let credentials = metadata.removeCredentials()
        var caller: PeerIdentity?
        do throws(RPCError) {
            guard let rule else { throw .unruled(path) }
            if rule == .everybody { return identity }
            caller = try identify(path, rule, identity, credentials)
            // Nothing could be asked of it.
            guard let caller else { return nil }
            guard rule.admits(caller.knownRole) else {
                throw .forbidden(path, caller, rule)
            }
            return caller
        } catch {
            if error.code == .unauthenticated {
                counters.unauthenticated += 1
            } else {
                counters.forbidden += 1
            }
            onDenial?(Denial(path: path, peer: peer, caller: caller, error: error))
            throw error
        }
    }

    private func identify(
        _ path: String, _ rule: AuthorizationTable.Rule, _ identity: PeerIdentity?,
        _ credentials: [String]
    ) throws(RPCError) -> PeerIdentity? {
        if let identity {
            if case .certificates(let cluster) = evidence, identity.cluster != cluster {
                throw .foreign(identity, cluster)
            }
            return identity
        }
        if let token = try Self.token(in: credentials) {
            guard let tokens else { throw .noTokensHere(path, rule) }
            switch tokens.verify(token) {
            case .valid(let name):
                return PeerIdentity(cluster: cluster, role: PeerRole.client, name: name)
            case .refused(let reason):
                throw RPCError(.unauthenticated, "\(path): \(reason)")
            }
        }
        if evidence == .tokensOnly, rule.admitsMembers { return nil }
        throw .unknownCaller(path, rule, evidence, takesTokens: tokens != nil)
    }

    private var cluster: String {
        if case .certificates(let cluster) = evidence { cluster } else { "" }
    }

    private static func token(in credentials: [String]) throws(RPCError) -> String? {
        guard let credential = credentials.first else { return nil }
        let scheme = "bearer "
        guard credentials.count == 1, credential.prefix(scheme.count).lowercased() == scheme else {
            throw RPCError(
                .unauthenticated,
                "the metadata 'authorization' is not understood; send it once, as: Bearer TOKEN")
        }
        return String(credential.dropFirst(scheme.count).drop { $0 == " " })
    }
}

extension Metadata {
    fileprivate mutating func removeCredentials() -> [String] {
        guard !entries.isEmpty else { return [] }
        let found = entries.filter { $0.name == "authorization" }.map(\.value)
        if !found.isEmpty { entries.removeAll { $0.name == "authorization" } }
        return found
    }
}

// What callers are told. No message has a credential in it.
extension RPCError {
    fileprivate static func unruled(_ path: String) -> RPCError {
        RPCError(.permissionDenied, "nobody may call \(path): no rule says who may")
    }

    fileprivate static func forbidden(
        _ path: String, _ caller: PeerIdentity, _ rule: AuthorizationTable.Rule
    ) -> RPCError {
        RPCError(
            .permissionDenied,
            "\(caller.role) '\(caller.name)' may not call \(path); the roles that may: \(rule.who)")
    }

    fileprivate static func foreign(_ identity: PeerIdentity, _ cluster: String) -> RPCError {
        RPCError(
            .unauthenticated,
            """
            the certificate of \(identity.role) '\(identity.name)' is of the cluster \
            '\(identity.cluster)', and this is '\(cluster)'; use one that this cluster has issued
            """)
    }

    fileprivate static func noTokensHere(
        _ path: String, _ rule: AuthorizationTable.Rule
    ) -> RPCError {
        RPCError(
            .unauthenticated,
            """
            \(path): this server takes no tokens; show a certificate (--tls-cert, --tls-key) of \
            one of the roles that may call: \(rule.who)
            """)
    }

    fileprivate static func unknownCaller(
        _ path: String, _ rule: AuthorizationTable.Rule, _ evidence: Authorizer.Evidence,
        takesTokens: Bool
    ) -> RPCError {
        var ways: [String] = []
        if evidence != .tokensOnly { ways.append("a certificate (--tls-cert, --tls-key)") }
        if takesTokens, rule.admits(.client) { ways.append("a token (--token-file or LEHR_TOKEN)") }
        return RPCError(
            .unauthenticated,
            """
            \(path): the caller has not said who it is; the roles that may call: \(rule.who). \
            Show \(ways.joined(separator: " or "))
            """)
    }
}
