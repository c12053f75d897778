/// The names under which callers may reach a server: what its certificate vouches for.
package struct ServerNames: Equatable, Sendable {
    package let dns: [String]
    /// As `IPAddress` writes them.
    package let ips: [String]

    /// Names of one certificate; each is 30 to 50 bytes of every handshake.
    package static let countMax = 100

    package static let none = ServerNames(dns: [], ips: [])
    package static let loopback = ServerNames(dns: ["localhost"], ips: ["127.0.0.1", "::1"])

    init(dns: [String], ips: [String]) {
        self.dns = dns
        self.ips = ips
    }

    /// Checks names that a person has typed.
    package init(checking dns: [String], ips: [String]) throws(IdentityError) {
        guard dns.count + ips.count <= Self.countMax else {
            throw IdentityError(
                "\(dns.count + ips.count) server names; a certificate has at most \(Self.countMax)")
        }
        if let wrong = dns.first(where: { !Self.isDNSName($0) }) {
            throw IdentityError(
                """
                --dns \(wrong): expected a host name such as shard-0.lehr.svc, or one with a \
                first label of * alone
                """)
        }
        var addresses: [String] = []
        for text in ips {
            guard let address = IPAddress(text) else {
                throw IdentityError("--ip \(text): expected an address such as 10.0.0.7 or fd00::7")
            }
            addresses.append(address.description)
        }
        self.init(dns: dns, ips: addresses)
    }

    private static func isDNSName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        var labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count > 2, labels.first == "*" { labels.removeFirst() }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                    default: false
                    }
                }
        }
    }
}
