import COpenSSL

/// Random bytes that nobody can guess, for keys, serial numbers and tokens.
///
/// They come from OpenSSL and not from a `RandomSource`: what a seed could repeat is no secret.
enum SecureRandom {
    static func bytes(_ count: Int) throws(IdentityError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw .openSSL("draw random bytes") }
        return bytes
    }
}
