import COpenSSL
import LehrCore

/// A person's secret for the coordinator: `lehr_` and 64 hexadecimal digits, 256 random bits.
///
/// Only its SHA-256 is kept. A slow hash, as passwords need it, would add nothing: there is no list
/// of likely secrets to try, and 2^256 are too many at any speed; but it would let strangers make
/// the coordinator work.
package struct AccessToken {
    static let prefix = "lehr_"
    static let digitCount = 64

    /// The secret: shown once, and written nowhere but to a file of its holder.
    package let text: String

    static func make() throws(IdentityError) -> AccessToken {
        AccessToken(text: prefix + Hex.encode(try SecureRandom.bytes(digitCount / 2)))
    }

    private init(text: String) { self.text = text }

    /// nil: the text has not the form of a token.
    package init?(_ text: String) {
        guard text.utf8.count == Self.prefix.utf8.count + Self.digitCount,
            text.hasPrefix(Self.prefix), Hex.decode(text.dropFirst(Self.prefix.count)) != nil
        else { return nil }
        self.text = text
    }

    func digest() throws(IdentityError) -> [UInt8] { try SHA256.hash(Array(text.utf8)) }
}

// What is printed by accident has no secret in it.
extension AccessToken: CustomStringConvertible, CustomReflectable {
    package var description: String { Self.prefix + "..." }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
