import COpenSSL

/// A P-256 key pair.
///
/// P-256 and not Ed25519: gRPC's C core, with which Python, Ruby and C++ speak, takes no Ed25519
/// certificates unless it was told to.
final class PrivateKey {
    let pointer: OpaquePointer

    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    static func generate() throws(IdentityError) -> PrivateKey {
        guard let key = lehr_generate_p256() else { throw .openSSL("make a key") }
        return PrivateKey(owning: key)
    }

    /// The first key in `pem`, which must not be encrypted.
    static func read(_ pem: [UInt8]) throws(IdentityError) -> PrivateKey {
        let key = PEM.first(in: pem) { buffer in
            // Without this OpenSSL would ask for a passphrase at the terminal.
            PEM_read_bio_PrivateKey(buffer, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let key else {
            throw IdentityError("there is no private key, or it is damaged or encrypted")
        }
        return PrivateKey(owning: key)
    }

    /// PKCS #8, not encrypted: what protects it is the mode of its file.
    func pem() throws(IdentityError) -> [UInt8] {
        try PEM.text(to: "write a key") {
            PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil)
        }
    }
}
