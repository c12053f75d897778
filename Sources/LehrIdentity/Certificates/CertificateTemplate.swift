import COpenSSL
import LehrRPC

/// What a certificate is going to say.
struct CertificateTemplate {
    var organisation: String
    var unit: String?
    var commonName: String
    var notBefore: UnixTime
    var notAfter: UnixTime
    /// In OpenSSL's notation: the kind's NID, and the value.
    var extensions: [(kind: Int32, value: String)]

    /// Time by which the clocks of machines may differ.
    static let clockSkewSeconds: Int64 = 300

    static func authority(
        cluster: String, number: String, now: UnixTime, days: Int
    ) -> CertificateTemplate {
        CertificateTemplate(
            organisation: cluster, unit: nil,
            // A successor must not be confused with its predecessor.
            commonName: "Lehr authority \(number)",
            notBefore: now + -clockSkewSeconds,
            notAfter: now + Int64(days) * UnixTime.secondsPerDay,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
    }

    static func member(
        _ identity: PeerIdentity, _ role: PeerRole, _ names: ServerNames, now: UnixTime,
        notAfter: UnixTime
    ) -> CertificateTemplate {
        let subject =
            ["URI:\(identity.uri)"] + names.dns.map { "DNS:\($0)" } + names.ips.map { "IP:\($0)" }
        return CertificateTemplate(
            organisation: identity.cluster, unit: role.rawValue, commonName: identity.name,
            notBefore: now + -clockSkewSeconds, notAfter: notAfter,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"),
                (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, role.isServer ? "serverAuth,clientAuth" : "clientAuth"),
                (NID_subject_key_identifier, "hash"),
                (NID_authority_key_identifier, "keyid:always"),
                (NID_subject_alt_name, subject.joined(separator: ",")),
            ])
    }

    /// Signs it with `issuer`; with `signer` alone it signs itself.
    func sign(
        _ subject: PrivateKey, by issuer: Certificate?, _ signer: PrivateKey
    ) throws(IdentityError) -> Certificate {
        let task = "make a certificate"
        guard let pointer = X509_new() else { throw .openSSL(task) }
        let certificate = Certificate(owning: pointer)
        guard let serial = try Self.serialNumber() else { throw .openSSL(task) }
        defer { ASN1_INTEGER_free(serial) }
        guard X509_set_version(pointer, Int(X509_VERSION_3)) == 1,
            X509_set_serialNumber(pointer, serial) == 1,
            ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(notBefore.seconds)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(notAfter.seconds)) != nil,
            X509_set_pubkey(pointer, subject.pointer) == 1
        else { throw .openSSL(task) }
        guard let name = X509_get_subject_name(pointer),
            lehr_add_to_name(name, "O", organisation) == 1,
            unit.map({ lehr_add_to_name(name, "OU", $0) }) ?? 1 == 1,
            lehr_add_to_name(name, "CN", commonName) == 1,
            X509_set_issuer_name(pointer, issuer.map { X509_get_subject_name($0.pointer) } ?? name)
                == 1
        else { throw .openSSL(task) }
        for (kind, value) in extensions {
            let made = lehr_extension(issuer?.pointer ?? pointer, pointer, kind, value)
            guard let made else { throw .openSSL(task) }
            defer { X509_EXTENSION_free(made) }
            guard X509_add_ext(pointer, made, -1) == 1 else { throw .openSSL(task) }
        }
        guard X509_sign(pointer, signer.pointer, EVP_sha256()) > 0 else { throw .openSSL(task) }
        return certificate
    }

    /// 159 random bits: positive, and never given twice.
    private static func serialNumber() throws(IdentityError) -> UnsafeMutablePointer<ASN1_INTEGER>?
    {
        var bytes = try SecureRandom.bytes(20)
        bytes[0] &= 0x7F
        guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return nil }
        defer { BN_free(number) }
        return BN_to_ASN1_INTEGER(number, nil)
    }
}

extension PeerRole {
    /// Whether it takes gRPC calls; the others' certificates cannot be used by a server.
    package var isServer: Bool { [.coordinator, .shard, .serving].contains(self) }
}
