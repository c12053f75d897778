import LehrCore
import LehrRPC

/// A certificate with its private key; in a file they stand together, so that whoever opens the file
/// once has both of the same issue.
struct Credential {
    let certificate: Certificate
    let key: PrivateKey

    init(_ certificate: Certificate, _ key: PrivateKey) {
        self.certificate = certificate
        self.key = key
    }

    init(pem: [UInt8]) throws(IdentityError) {
        guard let certificate = try Certificate.all(in: pem).first else {
            throw IdentityError("there is no certificate")
        }
        self.init(certificate, try PrivateKey.read(pem))
        guard certificate.matches(key) else {
            throw IdentityError("the private key is not the certificate's")
        }
    }

    func pem() throws(IdentityError) -> [UInt8] { try certificate.pem() + key.pem() }
}

/// Issues the certificates of one cluster.
struct CertificateAuthority {
    let credential: Credential

    var certificate: Certificate { credential.certificate }
    var cluster: String { certificate.organisation }

    static func make(
        cluster: String, now: UnixTime, days: Int
    ) throws(IdentityError) -> CertificateAuthority {
        let key = try PrivateKey.generate()
        let number = Hex.encode(try SecureRandom.bytes(4))
        let template = CertificateTemplate.authority(
            cluster: cluster, number: number, now: now, days: days)
        return CertificateAuthority(
            credential: Credential(try template.sign(key, by: nil, key), key))
    }

    /// A new key and its certificate, which never outlives the authority's own.
    func issue(
        _ identity: PeerIdentity, _ role: PeerRole, _ names: ServerNames, now: UnixTime,
        seconds: Int64
    ) throws(IdentityError) -> Credential {
        guard now < certificate.notAfter else {
            throw IdentityError(
                """
                the certificate authority has expired at \(certificate.notAfter); make the next \
                with `lehr certs rotate --new-ca`
                """)
        }
        let key = try PrivateKey.generate()
        let template = CertificateTemplate.member(
            identity, role, names, now: now, notAfter: min(now + seconds, certificate.notAfter))
        return Credential(try template.sign(key, by: certificate, credential.key), key)
    }
}
