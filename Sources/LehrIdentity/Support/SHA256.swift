import COpenSSL

/// SHA-256 by OpenSSL's EVP.
enum SHA256 {
    static let byteCount = 32

    static func hash(_ bytes: [UInt8]) throws(IdentityError) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: byteCount)
        var count: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha256(), nil) == 1,
            count == byteCount
        else { throw .openSSL("compute SHA-256") }
        return digest
    }
}
