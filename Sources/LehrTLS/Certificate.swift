import COpenSSL
import Glibc
import LehrRPC

/// A certificate that someone else keeps alive.
struct Certificate {
    let pointer: OpaquePointer

    /// What its alternative names say of its holder.
    enum Holder: Equatable {
        case member(PeerIdentity)
        /// It has no name that begins with `lehr://`.
        case stranger
        /// It has such a name that is none, or several.
        case unclear(String)
    }

    var holder: Holder {
        guard let names = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
            return .stranger
        }
        let list = OpaquePointer(names)
        defer { GENERAL_NAMES_free(list) }
        var holder = Holder.stranger
        for index in 0..<lehr_names_count(list) {
            var count: Int32 = 0
            guard let start = lehr_tls_uri(list, index, &count) else { continue }
            let bytes = UnsafeBufferPointer(start: start, count: Int(count))
            let uri = String(decoding: bytes, as: UTF8.self)
            guard uri.lowercased().hasPrefix("lehr:") else { continue }
            guard let identity = PeerIdentity(uri: uri) else {
                return .unclear("'\(uri)' is not of the form lehr://CLUSTER/ROLE/NAME")
            }
            guard holder == .stranger else { return .unclear("it names several members") }
            holder = .member(identity)
        }
        return holder
    }

    /// Whether it was made out for a host name or numeric address.
    func isFor(host: String) -> Bool {
        if X509_check_ip_asc(pointer, host, 0) == 1 { return true }
        // Names count only as alternative names.
        let flags = UInt32(
            X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(pointer, host, host.utf8.count, flags, nil) == 1
    }

    /// When it ends to be valid, in seconds since 1970.
    var expirySeconds: Int64? {
        var time = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(pointer), &time) == 1 else { return nil }
        return Int64(timegm(&time))
    }
}

/// PEM text, taken apart. OpenSSL is told that there are no passwords, or it would ask for one at the
/// terminal.
enum PEM {
    /// The certificates in `bytes`, in order, each passed to `body` while it lives; returns how many.
    static func eachCertificate(
        in bytes: [UInt8], _ body: (OpaquePointer) throws(TLSError) -> Void
    ) throws(TLSError) -> Int {
        guard let source = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { throw .noMemory }
        defer { BIO_free(source) }
        var count = 0
        while true {
            ERR_clear_error()
            guard let certificate = PEM_read_bio_X509(source, nil, { _, _, _, _ in 0 }, nil) else {
                break
            }
            defer { X509_free(certificate) }
            try body(certificate)
            count += 1
        }
        let error = OpenSSLErrors.takeFirst()
        guard error == nil || error?.reason == PEM_R_NO_START_LINE else {
            throw TLSError("it is damaged: \(error?.text ?? "")")
        }
        return count
    }

    /// The private key in `bytes`, to be freed by the caller.
    static func privateKey(in bytes: [UInt8]) throws(TLSError) -> OpaquePointer {
        guard let source = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { throw .noMemory }
        defer { BIO_free(source) }
        ERR_clear_error()
        guard let key = PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in 0 }, nil) else {
            throw TLSError("it has no private key without a password: \(OpenSSLErrors.takeText())")
        }
        return key
    }
}

extension TLSError {
    static let noMemory = TLSError("OpenSSL has no memory")
}
