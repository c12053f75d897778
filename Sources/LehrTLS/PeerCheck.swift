import COpenSSL
import LehrRPC

/// Whom a client takes for the server that it wants to talk to. The authority must vouch for it in
/// any case.
package struct ServerExpectation: Equatable, Sendable {
    /// Roles of our cluster, of which the server may have any; of any cluster, when we are of none.
    package var roles: Set<String>
    /// Whether it is enough that its certificate was made out for the host that was dialled, where it
    /// names no member or no role is asked for.
    package var acceptsHost: Bool

    package init(roles: Set<String> = [], acceptsHost: Bool = false) {
        self.roles = roles
        self.acceptsHost = acceptsHost
    }

    /// As browsers do: the certificate must be for the host that was dialled.
    package static let host = ServerExpectation(acceptsHost: true)
}

/// The examination of one peer's certificate, which OpenSSL asks for within the handshake, so that
/// the peer is told of a refusal.
final class PeerCheck {
    private let isServer: Bool
    /// Our own cluster, to which a peer that names one must belong.
    private let cluster: String?
    private let expectation: ServerExpectation
    private let target: HostPort?
    /// Who the peer is, once that is certain.
    private(set) var identity: PeerIdentity?
    /// Why the peer was refused.
    private(set) var problem: String?

    /// For the clients of a server.
    init(clientsOf cluster: String?) {
        isServer = true
        self.cluster = cluster
        expectation = ServerExpectation()
        target = nil
    }

    /// For the server at `target`.
    init(_ target: HostPort, _ expectation: ServerExpectation, cluster: String?) {
        isServer = false
        self.cluster = cluster
        self.expectation = expectation
        self.target = target
    }

    /// Lets OpenSSL find this object from the connection, which must not outlive it.
    func attach(to ssl: OpaquePointer) -> Bool {
        SSL_set_ex_data(ssl, Self.slot, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    /// That of an application's own data.
    private static let slot: Int32 = 0

    /// Has every connection of a context examined by its own check; one without is refused.
    static func install(in context: OpaquePointer) {
        SSL_CTX_set_cert_verify_callback(
            context, { store, _ in store.map { PeerCheck.examine($0) } ?? 0 }, nil)
    }

    private static func examine(_ store: OpaquePointer) -> Int32 {
        guard
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let data = SSL_get_ex_data(OpaquePointer(ssl), slot)
        else { return 0 }
        let check = Unmanaged<PeerCheck>.fromOpaque(data).takeUnretainedValue()
        return check.accepts(store) ? 1 : 0
    }

    private func accepts(_ store: OpaquePointer) -> Bool {
        let peer = isServer ? "the client" : "the server"
        guard X509_verify_cert(store) == 1 else {
            let error = X509_STORE_CTX_get_error(store)
            let text = X509_verify_cert_error_string(Int(error)).map { String(cString: $0) }
            problem = "the certificate of \(peer) is not accepted: \(text ?? "error \(error)")"
            return false
        }
        guard let pointer = X509_STORE_CTX_get0_cert(store) else { return false }
        if let objection = objection(to: Certificate(pointer: pointer)) {
            problem = "\(peer) \(objection)"
            X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
            return false
        }
        return true
    }

    /// What is wrong with a certificate that our authority vouches for; notes who it is for.
    private func objection(to certificate: Certificate) -> String? {
        switch certificate.holder {
        case .unclear(let reason):
            return "has a certificate that is not clear: \(reason)"
        case .stranger: break
        case .member(let identity):
            if let cluster, identity.cluster != cluster {
                return "is \(identity), of another cluster than ours, \(cluster)"
            }
            self.identity = identity
        }
        guard let target else { return nil }
        let wanted = expectation.roles.sorted().joined(separator: " or ")
        if let identity, !expectation.roles.isEmpty {
            // Members run on each other's hosts: a host's name does not make up for a wrong role.
            return expectation.roles.contains(identity.role)
                ? nil : "is \(identity), not a \(wanted)"
        }
        guard expectation.acceptsHost else {
            return "has a certificate that names no member, not a \(wanted)"
        }
        return certificate.isFor(host: target.host)
            ? nil : "has a certificate that is not for '\(target.host)'"
    }
}
