import COpenSSL
package import LehrRPC

/// What a server asks of its clients.
package enum ClientCertificates: String, CaseIterable, Sendable {
    /// Who has no certificate of our authority is not let in.
    case required
    /// Who has none is let in without a name; who shows a bad one is not.
    case optional
}

/// What the TLS files hold, checked and made into OpenSSL's contexts. Never changes: new files make
/// new credentials, and connections keep those that they began with.
///
/// Any thread may make connections from it.
package final class TLSCredentials: @unchecked Sendable {
    // Unchecked: OpenSSL counts references to a context under its own locks, and nothing changes a
    // context after `init`.
    let client: OpaquePointer
    /// nil: there is no certificate, so this can only be a client.
    let server: OpaquePointer?
    /// Who this process is; nil: it has no certificate, or one that names no member of a cluster.
    package let identity: PeerIdentity?
    /// When the certificate ends to be valid, in seconds since 1970.
    package let expirySeconds: Int64?

    /// Fails with what is wrong with which of `files`.
    init(
        _ material: TLSMaterial, _ files: TLSFiles, clients: ClientCertificates
    ) throws(TLSError) {
        let client = try Context(isServer: false)
        try client.trust(material.authority, files.authority, isServer: false)
        SSL_CTX_set_verify(client.pointer, SSL_VERIFY_PEER, nil)
        ALPN.offer(by: client.pointer)

        guard !material.certificate.isEmpty else {
            identity = nil
            expirySeconds = nil
            server = nil
            self.client = client.take()
            return
        }
        (identity, expirySeconds) = try client.use(material, files)
        let server = try Context(isServer: true)
        try server.trust(material.authority, files.authority, isServer: true)
        _ = try server.use(material, files)
        let mustShow = clients == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(server.pointer, SSL_VERIFY_PEER | mustShow, nil)
        ALPN.demand(of: server.pointer)
        self.client = client.take()
        self.server = server.take()
    }

    deinit {
        SSL_CTX_free(client)
        SSL_CTX_free(server)
    }
}

/// A context while it is being made.
private final class Context {
    private(set) var pointer: OpaquePointer?

    init(isServer: Bool) throws(TLSError) {
        guard let pointer = lehr_tls_context_new(isServer ? 1 : 0) else {
            throw TLSError("OpenSSL cannot do what we need: \(OpenSSLErrors.takeText())")
        }
        self.pointer = pointer
        PeerCheck.install(in: pointer)
    }

    deinit { SSL_CTX_free(pointer) }

    func take() -> OpaquePointer {
        guard let pointer else { preconditionFailure("a context is taken once") }
        self.pointer = nil
        return pointer
    }

    func trust(_ authority: [UInt8], _ path: String, isServer: Bool) throws(TLSError) {
        let store = SSL_CTX_get_cert_store(pointer)
        do throws(TLSError) {
            let count = try PEM.eachCertificate(in: authority) { certificate throws(TLSError) in
                guard X509_STORE_add_cert(store, certificate) == 1 else { throw .noMemory }
                // Tells clients whose certificates are of use.
                if isServer { SSL_CTX_add_client_CA(pointer, certificate) }
            }
            guard count > 0 else { throw TLSError("it has no certificate") }
        } catch {
            throw TLSError("\(path): \(error.description)")
        }
    }

    /// Takes the certificate and its key; returns who it is for, and until when.
    func use(
        _ material: TLSMaterial, _ files: TLSFiles
    ) throws(TLSError) -> (PeerIdentity?, Int64?) {
        var identity: PeerIdentity?
        var expiry: Int64?
        do throws(TLSError) {
            var isFirst = true
            let count = try PEM.eachCertificate(in: material.certificate) {
                certificate throws(TLSError) in
                defer { isFirst = false }
                if isFirst {
                    (identity, expiry) = try Self.read(Certificate(pointer: certificate))
                }
                let status =
                    isFirst
                    ? SSL_CTX_use_certificate(pointer, certificate)
                    : lehr_tls_add_chain(pointer, certificate)
                guard status == 1 else { throw TLSError(OpenSSLErrors.takeText()) }
            }
            guard count > 0 else { throw TLSError("it has no certificate") }
        } catch {
            throw TLSError("\(files.certificate): \(error.description)")
        }
        do throws(TLSError) {
            let key = try PEM.privateKey(in: material.key)
            defer { EVP_PKEY_free(key) }
            guard SSL_CTX_use_PrivateKey(pointer, key) == 1,
                SSL_CTX_check_private_key(pointer) == 1
            else {
                ERR_clear_error()
                throw TLSError("it is not the key of the certificate in \(files.certificate)")
            }
        } catch {
            throw TLSError("\(files.key): \(error.description)")
        }
        return (identity, expiry)
    }

    private static func read(
        _ certificate: Certificate
    ) throws(TLSError) -> (PeerIdentity?, Int64?) {
        switch certificate.holder {
        case .member(let identity): return (identity, certificate.expirySeconds)
        case .stranger: return (nil, certificate.expirySeconds)
        case .unclear(let reason): throw TLSError(reason)
        }
    }
}

/// The agreement that HTTP/2 is spoken above TLS.
enum ALPN {
    /// Has the connections of a client's context offer it.
    static func offer(_ names: [String] = ["h2"], by context: OpaquePointer?) {
        let list = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        SSL_CTX_set_alpn_protos(context, list, UInt32(list.count))
    }

    /// Has a server's context refuse those who offer other protocols only. Who offers none at all is
    /// for `isAgreed` to find.
    static func demand(of context: OpaquePointer?) {
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, choice, choiceCount, offered, offeredCount, _ in
                let list = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
                var index = 0
                while index < list.count {
                    let length = Int(list[index])
                    let name = list.dropFirst(index + 1).prefix(length)
                    if name.elementsEqual("h2".utf8) {
                        choice?.pointee = offered.map { $0 + index + 1 }
                        choiceCount?.pointee = UInt8(length)
                        return SSL_TLSEXT_ERR_OK
                    }
                    index += 1 + length
                }
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }, nil)
    }

    /// Whether the peer of a handshake that is done has agreed.
    static func isAgreed(_ ssl: OpaquePointer) -> Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual("h2".utf8)
    }
}
