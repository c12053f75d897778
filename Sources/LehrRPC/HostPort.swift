import LehrWire

/// The text `HOST:PORT`, taken apart: `127.0.0.1:7001`, `[::1]:7001`, `localhost:0`.
package struct HostPort: Equatable, Sendable, CustomStringConvertible {
    package let host: String
    /// 0: any free port, for a listener.
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// INVALID_ARGUMENT when `text` is not an address.
    package init(_ text: String) throws(RPCError) {
        guard let colon = text.lastIndex(of: ":") else { throw Self.malformed(text) }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            throw Self.malformed(text)
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw Self.malformed(text)
        }
        guard !host.isEmpty, !host.contains("["), !host.contains("]") else {
            throw Self.malformed(text)
        }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func malformed(_ text: String) -> RPCError {
        RPCError(
            .invalidArgument,
            "'\(text)' is not an address; write HOST:PORT, and an IPv6 host as [::1]:PORT")
    }
}
