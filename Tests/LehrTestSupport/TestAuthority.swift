import COpenSSL
import Glibc

/// A certificate authority of one test.
package final class TestAuthority {
    private let key: OpaquePointer
    private let certificate: OpaquePointer
    private var nextSerial = 2

    package struct Failure: Error {
        let step: String
    }

    /// PEM of a certificate and of its key.
    package struct Issued {
        package let certificate: [UInt8]
        package let key: [UInt8]
    }

    package init(_ name: String = "test authority") throws {
        key = try Self.makeKey()
        certificate = try Self.make(
            name, key, serial: 1, validFrom: -3600, to: 86400, issuer: nil, signer: key,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE"),
                (NID_key_usage, "critical,keyCertSign"), (NID_subject_key_identifier, "hash"),
            ])
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// PEM of the authority's own certificate.
    package var pem: [UInt8] {
        get throws { try Self.text { PEM_write_bio_X509($0, certificate) } }
    }

    /// A certificate for `names`, as `URI:lehr://c/shard/s`, `DNS:localhost` or `IP:127.0.0.1`, valid
    /// between two times in seconds from now.
    package func issue(
        _ names: [String], validFrom start: Int = -3600, to end: Int = 86400,
        usage: String = "serverAuth,clientAuth"
    ) throws -> Issued {
        let key = try Self.makeKey()
        defer { EVP_PKEY_free(key) }
        let certificate = try Self.make(
            "leaf", key, serial: nextSerial, validFrom: start, to: end, issuer: certificate,
            signer: self.key,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, usage),
            ] + (names.isEmpty ? [] : [(NID_subject_alt_name, names.joined(separator: ","))]))
        defer { X509_free(certificate) }
        nextSerial += 1
        return Issued(
            certificate: try Self.text { PEM_write_bio_X509($0, certificate) },
            key: try Self.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) })
    }

    private static func makeKey() throws -> OpaquePointer {
        let context = try some(EVP_PKEY_CTX_new_from_name(nil, "EC", nil), "make a key")
        defer { EVP_PKEY_CTX_free(context) }
        try check(EVP_PKEY_keygen_init(context), "make a key")
        try check(EVP_PKEY_CTX_set_group_name(context, "P-256"), "choose a curve")
        var key: OpaquePointer?
        try check(EVP_PKEY_generate(context, &key), "make a key")
        return try some(key, "make a key")
    }

    private static func make(
        _ name: String, _ key: OpaquePointer, serial: Int, validFrom start: Int, to end: Int,
        issuer: OpaquePointer?, signer: OpaquePointer, extensions: [(Int32, String)]
    ) throws -> OpaquePointer {
        let certificate = try some(X509_new(), "make a certificate")
        try check(X509_set_version(certificate, 2), "set the version")
        try check(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial), "set the serial")
        _ = try some(X509_gmtime_adj(X509_getm_notBefore(certificate), start), "set the start")
        _ = try some(X509_gmtime_adj(X509_getm_notAfter(certificate), end), "set the end")
        try check(X509_set_pubkey(certificate, key), "set the key")
        let subject = X509_get_subject_name(certificate)
        try check(
            X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0), "name it")
        try check(
            X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? subject),
            "name the issuer")
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer ?? certificate, certificate, nil, nil, 0)
        for (id, value) in extensions {
            let item = try some(X509V3_EXT_conf_nid(nil, &context, id, value), "add \(value)")
            defer { X509_EXTENSION_free(item) }
            try check(X509_add_ext(certificate, item, -1), "add \(value)")
        }
        try check(X509_sign(certificate, signer, EVP_sha256()), "sign")
        return certificate
    }

    private static func text(_ write: (OpaquePointer) -> Int32) throws -> [UInt8] {
        let target = try some(BIO_new(BIO_s_mem()), "make a buffer")
        defer { BIO_free(target) }
        try check(write(target), "write PEM")
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = BIO_read(target, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(Int(count)))
    }

    private static func check(_ status: Int32, _ step: String) throws {
        guard status > 0 else { throw Failure(step: step) }
    }

    private static func some<Value>(_ value: Value?, _ step: String) throws -> Value {
        guard let value else { throw Failure(step: step) }
        return value
    }
}
