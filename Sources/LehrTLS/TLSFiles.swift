import LehrCore

/// Where the certificate of this process, its key, and the authority that vouches for its peers lie.
package struct TLSFiles: Equatable, Sendable {
    /// PEM: the certificate, and after it those between it and the authority's. Empty: none, for a
    /// client that says who it is in another way.
    package let certificate: String
    /// PEM: the certificate's private key, without a password. Empty: none.
    package let key: String
    /// PEM: the certificates of the authorities that peers' certificates must come from.
    package let authority: String

    /// Bytes of one file; a longer one is an error.
    private static let bytesMax = 1 << 20

    package init(certificate: String, key: String, authority: String) {
        self.certificate = certificate
        self.key = key
        self.authority = authority
    }

    func read(_ files: any FileSystem) throws(TLSError) -> TLSMaterial {
        func bytes(_ path: String) throws(TLSError) -> [UInt8] {
            guard !path.isEmpty else { return [] }
            do throws(FileSystemError) {
                return try files.read(path, limit: Self.bytesMax)
            } catch {
                throw TLSError("\(error)")
            }
        }
        let pair = try bytes(certificate)
        // Of one file both are taken at once, so that they are of the same issue.
        return TLSMaterial(
            certificate: pair, key: key == certificate ? pair : try bytes(key),
            authority: try bytes(authority))
    }
}

/// What the files hold.
struct TLSMaterial: Equatable, Sendable {
    let certificate: [UInt8]
    let key: [UInt8]
    let authority: [UInt8]
}
