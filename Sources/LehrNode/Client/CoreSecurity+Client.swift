import LehrCore
import LehrIdentity
import LehrTLS

extension CoreSecurity {
    /// That of a command, by the paths of its files, each empty if not given; nil: none is, so it
    /// speaks cleartext. A person's program may have a certificate or not, but needs to know whom to
    /// trust.
    static func ofClient(
        certificate: String, key: String, authority: String, coordinator: String
    ) throws(ClientError) -> CoreSecurity? {
        guard !(certificate + key + authority).isEmpty else { return nil }
        guard !authority.isEmpty, certificate.isEmpty == key.isEmpty else {
            throw ClientError(
                """
                give --tls-ca alone, or with both --tls-cert and --tls-key; `lehr certs issue \
                client NAME` makes a file that is both certificate and key
                """)
        }
        do throws(TLSError) {
            let store = try TLSStore(
                TLSFiles(certificate: certificate, key: key, authority: authority),
                in: LocalFileSystem(), atSeconds: UnixTime.current.seconds)
            return CoreSecurity(store: store, coordinator: coordinator, acceptsHost: true)
        } catch {
            throw ClientError(error.description)
        }
    }
}
