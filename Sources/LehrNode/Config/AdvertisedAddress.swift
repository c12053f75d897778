import LehrRPC

/// How others reach a process where that is not how it listens: behind 0.0.0.0, a name or a port that
/// is forwarded.
struct AdvertisedAddress: Equatable {
    let host: String
    /// Of core 0, and one above for each further core; nil: those that are bound.
    let port: UInt16?

    /// The longest name of a host.
    private static let hostBytesMax = 253

    /// `HOST` or `HOST:PORT`, an IPv6 host in brackets or alone; nil when `text` is neither, or is
    /// nothing that others could connect to.
    init?(_ text: String) {
        if let address = try? HostPort(text) {
            (host, port) = (address.host, address.port)
        } else if let address = try? HostPort(text + ":1") {
            (host, port) = (address.host, nil)
        } else if text.count(where: { $0 == ":" }) > 1, let address = try? HostPort("[\(text)]:1") {
            (host, port) = (address.host, nil)
        } else {
            return nil
        }
        let isPlain = host.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || Self.marks.contains(byte)
        }
        guard isPlain, host.utf8.count <= Self.hostBytesMax, port != 0, !Self.isEveryAddress(host)
        else { return nil }
    }

    /// In names and numeric addresses, with an interface behind `%`.
    private static let marks = Array(".-_:%".utf8)

    /// Whether a listener at `host` takes connections at all addresses of its machine.
    static func isEveryAddress(_ host: String) -> Bool { ["0.0.0.0", "::", "*"].contains(host) }

    /// Where others reach core `index`, which listens at `bound`, `HOST:PORT`.
    func ofCore(_ index: Int, bound: String) -> String {
        let own = port.map { Int($0) + index } ?? bound.hostAndPort.port
        return HostPort(host: host, port: UInt16(clamping: own)).description
    }

    /// Where others reach what listens at `bound`, `HOST:PORT`, beside the cores.
    func ofDoor(bound: String) -> String {
        HostPort(host: host, port: UInt16(clamping: bound.hostAndPort.port)).description
    }
}
