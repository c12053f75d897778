import LehrCore
import LehrIdentity
import LehrRPC

/// A token that a command shows to the coordinator, from a file or the environment: never from the
/// command line, which every user of a machine can read.
struct ClientToken: Sendable {
    private let token: AccessToken

    /// Bytes of a file with a token; one is 69 long.
    private static let fileBytesMax = 4096

    private init(_ token: AccessToken) { self.token = token }

    /// The file wins over the environment; nil: there is neither.
    static func load(
        file: String?, environment: [String: String], files: any FileSystem
    ) throws(ClientError) -> ClientToken? {
        if let path = file ?? environment["LEHR_TOKEN_FILE"], !path.isEmpty {
            let bytes: [UInt8]
            do throws(FileSystemError) {
                bytes = try files.read(path, limit: fileBytesMax)
            } catch {
                throw ClientError("--token-file: \(error)")
            }
            return try parse(String(decoding: bytes, as: UTF8.self), from: path)
        }
        return try environment["LEHR_TOKEN"].map { text throws(ClientError) in
            try parse(text, from: "LEHR_TOKEN")
        }
    }

    private static func parse(_ text: String, from source: String) throws(ClientError)
        -> ClientToken
    {
        let trimmed = String(text.filter { !$0.isWhitespace })
        guard let token = AccessToken(trimmed) else {
            throw ClientError(
                "\(source) has no token; `lehr tokens create` makes one, which begins with lehr_")
        }
        return ClientToken(token)
    }

    /// The metadata that shows it to `address`; throws where others could read it on the way.
    func credentials(for address: String, isEncrypted: Bool) throws(ClientError) -> Metadata {
        let isLocal = (try? HostPort(address).isLoopback) ?? false
        guard isEncrypted || isLocal else {
            throw ClientError(
                """
                the token is not sent to \(address): the connection is not encrypted, and others \
                could read it; use TLS (--tls-ca FILE), or unset LEHR_TOKEN and --token-file
                """)
        }
        return Metadata([("authorization", "Bearer \(token.text)")])
    }
}
