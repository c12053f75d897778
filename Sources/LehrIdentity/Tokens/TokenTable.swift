import COpenSSL
import LehrCore
import LehrRPC

/// The tokens that a server knows: what a token file says.
///
/// A line has a name, the SHA-256 of the secret, when it was made, and when it ends or `never`, with
/// blanks between them. Empty lines and those that begin with `#` are for people.
package struct TokenTable: Equatable {
    package struct Entry: Equatable, Sendable {
        package let name: String
        let digest: [UInt8]
        package let created: UnixTime
        /// nil: never.
        package let expires: UnixTime?
    }

    package private(set) var entries: [Entry] = []

    /// Tokens of one file. The token of a call is compared with all of them, so more cost each call.
    package static let countMax = 1000
    package static let fileBytesMax = 1 << 20

    init() {}

    /// Says which line is wrong, and how, but not what it holds.
    package init(_ bytes: [UInt8]) throws(IdentityError) {
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let text = String(decoding: line, as: UTF8.self)
            let fields = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            guard let entry = Self.entry(fields) else {
                throw IdentityError(
                    "line \(number): expected NAME, 64 hexadecimal digits, and two times")
            }
            guard !entries.contains(where: { $0.name == entry.name }) else {
                throw IdentityError("line \(number): '\(entry.name)' is there twice")
            }
            guard entries.count < Self.countMax else {
                throw IdentityError("line \(number): over the limit of \(Self.countMax) tokens")
            }
            entries.append(entry)
        }
    }

    private static func entry(_ fields: [Substring]) -> Entry? {
        guard fields.count == 4, PeerIdentity.isPart(fields[0]),
            let digest = Hex.decode(fields[1]), digest.count == SHA256.byteCount,
            let created = UnixTime(fields[2])
        else { return nil }
        let expires = UnixTime(fields[3])
        guard expires != nil || fields[3] == "never" else { return nil }
        return Entry(
            name: String(fields[0]), digest: digest, created: created, expires: expires)
    }

    package var bytes: [UInt8] {
        var text = """
            # Tokens of people, kept by `lehr tokens`: name, SHA-256 of the secret, made, ends.

            """
        for entry in entries {
            let end = entry.expires.map(\.description) ?? "never"
            text += "\(entry.name) \(Hex.encode(entry.digest)) \(entry.created) \(end)\n"
        }
        return Array(text.utf8)
    }

    // MARK: Changes

    mutating func add(
        _ name: String, _ token: AccessToken, created: UnixTime, expires: UnixTime?
    ) throws(IdentityError) {
        guard PeerIdentity.isPart(name) else {
            throw IdentityError(
                """
                the name '\(name)': expected 1 to 63 letters, digits, dashes, dots and underscores
                """)
        }
        guard !entries.contains(where: { $0.name == name }) else {
            throw IdentityError(
                """
                there is a token '\(name)' already; end it with `lehr tokens revoke \(name)`, or \
                choose another name
                """)
        }
        guard entries.count < Self.countMax else {
            throw IdentityError(
                "there are \(Self.countMax) tokens, the most there can be; revoke those not used")
        }
        entries.append(
            Entry(name: name, digest: try token.digest(), created: created, expires: expires))
    }

    mutating func remove(_ name: String) throws(IdentityError) {
        guard let index = entries.firstIndex(where: { $0.name == name }) else {
            let known = entries.map(\.name).joined(separator: ", ")
            throw IdentityError(
                "there is no token '\(name)'; there are: \(known.isEmpty ? "none" : known)")
        }
        entries.remove(at: index)
    }

    // MARK: Asking

    /// The entry of a token, found in a time that tells nothing of what the others are.
    func find(_ token: AccessToken) throws(IdentityError) -> Entry? {
        let digest = try token.digest()
        var found: Entry?
        // All of them, and each to its last byte.
        for entry in entries where CRYPTO_memcmp(entry.digest, digest, SHA256.byteCount) == 0 {
            found = entry
        }
        return found
    }
}
