import COpenSSL
import LehrCore

/// SHA-256 of bytes that come piece by piece, by OpenSSL's EVP.
final class SHA256 {
    private let context: OpaquePointer

    init() throws(ArtifactError) {
        guard let context = EVP_MD_CTX_new() else { throw .digest }
        self.context = context
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw .digest }
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) throws(ArtifactError) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw .digest }
    }

    /// The digest of all bytes so far in lower-case hexadecimal; ends the computation.
    func finish() throws(ArtifactError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else { throw .digest }
        return Hex.encode(digest)
    }

    static func hex(of bytes: UnsafeRawBufferPointer) throws(ArtifactError) -> String {
        let hash = try SHA256()
        try hash.update(bytes)
        return try hash.finish()
    }
}
