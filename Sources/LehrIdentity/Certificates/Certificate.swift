import COpenSSL
import LehrCore
package import LehrRPC

/// An X.509 certificate.
package final class Certificate {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }

    /// Every certificate in `pem`, in order.
    package static func all(in pem: [UInt8]) throws(IdentityError) -> [Certificate] {
        try PEM.all(in: pem) { buffer in
            PEM_read_bio_X509(buffer, nil, { _, _, _, _ in -1 }, nil)
                .map { Certificate(owning: $0) }
        }
    }

    package func pem() throws(IdentityError) -> [UInt8] {
        try PEM.text(to: "write a certificate") { PEM_write_bio_X509($0, pointer) }
    }

    // MARK: What it says

    /// Who it is of; nil for an authority, and for what others have issued.
    package var identity: PeerIdentity? {
        names.uris.lazy.compactMap { PeerIdentity(uri: $0) }.first
    }

    package var serverNames: ServerNames {
        let names = names
        return ServerNames(dns: names.dns, ips: names.ips)
    }

    package var isAuthority: Bool { X509_check_ca(pointer) > 0 }

    package var notBefore: UnixTime { Self.time(X509_get0_notBefore(pointer)) }
    package var notAfter: UnixTime { Self.time(X509_get0_notAfter(pointer)) }

    /// SHA-256 of the whole certificate, 64 hexadecimal digits.
    package var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: SHA256.byteCount)
        var count: UInt32 = 0
        X509_digest(pointer, EVP_sha256(), &digest, &count)
        return Hex.encode(digest)
    }

    /// The organisation of its subject: an authority's cluster.
    package var organisation: String {
        var text = [CChar](repeating: 0, count: 128)
        let name = X509_get_subject_name(pointer)
        let count = X509_NAME_get_text_by_NID(name, NID_organizationName, &text, Int32(text.count))
        return String(
            decoding: text.prefix(Int(max(count, 0))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func isSigned(by issuer: Certificate) -> Bool {
        let isSigned =
            X509_check_issued(issuer.pointer, pointer) == X509_V_OK
            && X509_verify(pointer, X509_get0_pubkey(issuer.pointer)) == 1
        ERR_clear_error()
        return isSigned
    }

    func matches(_ key: PrivateKey) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_private_key(pointer, key.pointer) == 1
    }

    // MARK: Parts

    private static func time(_ time: UnsafePointer<ASN1_TIME>?) -> UnixTime {
        var parts = tm()
        ASN1_TIME_to_tm(time, &parts)
        return UnixTime(Int64(timegm(&parts)))
    }

    private var names: (uris: [String], dns: [String], ips: [String]) {
        let extensions = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil)
        guard let extensions else { return ([], [], []) }
        let list = OpaquePointer(extensions)
        defer { GENERAL_NAMES_free(list) }
        var (uris, dns, ips): ([String], [String], [String]) = ([], [], [])
        for index in 0..<lehr_names_count(list) {
            guard let name = lehr_name_at(list, index) else { continue }
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(name, &kind) else { continue }
            let text = value.assumingMemoryBound(to: ASN1_STRING.self)
            switch kind {
            case GEN_URI: uris.append(Self.string(text))
            case GEN_DNS: dns.append(Self.string(text))
            case GEN_IPADD: IPAddress(bytes: Self.bytes(text)).map { ips.append($0.description) }
            default: break
            }
        }
        return (uris, dns, ips)
    }

    private static func bytes(_ value: UnsafePointer<ASN1_STRING>) -> [UInt8] {
        let count = Int(max(ASN1_STRING_length(value), 0))
        return [UInt8](UnsafeBufferPointer(start: ASN1_STRING_get0_data(value), count: count))
    }

    private static func string(_ value: UnsafePointer<ASN1_STRING>) -> String {
        String(decoding: bytes(value), as: UTF8.self)
    }
}
