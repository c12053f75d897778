/// Who a peer is, as its certificate says: a role of a cluster, and a name in it.
///
/// On the wire it is a URI among the certificate's subject alternative names,
/// `lehr://CLUSTER/ROLE/NAME`.
// An object, because each call carries it and hardly any asks for its parts.
package final class PeerIdentity: Hashable, Sendable, CustomStringConvertible {
    /// What must agree between all members; chosen when the certificate authority is made.
    package let cluster: String
    /// `coordinator`, `shard`, `worker`, `serving`, or `client` for people's programs.
    package let role: String
    /// nil: a role that is not known here.
    package let knownRole: PeerRole?
    package let name: String

    package init(cluster: String, role: String, name: String) {
        self.cluster = cluster
        self.role = role
        knownRole = PeerRole(rawValue: role)
        self.name = name
    }

    /// nil: the text is not such a URI. Each part has letters, digits, `-`, `_` and `.` only.
    package convenience init?(uri: String) {
        guard uri.hasPrefix(Self.scheme) else { return nil }
        let parts = uri.dropFirst(Self.scheme.count)
            .split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ Self.isPart($0) }) else { return nil }
        self.init(cluster: String(parts[0]), role: String(parts[1]), name: String(parts[2]))
    }

    package var uri: String { "\(Self.scheme)\(cluster)/\(role)/\(name)" }

    package var description: String { uri }

    package static func == (left: PeerIdentity, right: PeerIdentity) -> Bool {
        left === right
            || left.cluster == right.cluster && left.role == right.role && left.name == right.name
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(cluster)
        hasher.combine(role)
        hasher.combine(name)
    }

    private static let scheme = "lehr://"

    /// Whether `text` can be a part of an identity.
    package static func isPart(_ text: some StringProtocol) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}
