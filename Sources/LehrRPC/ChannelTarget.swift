import LehrWire

/// Where the calls of a channel go, as text: `HOST:PORT`, `static:HOST:PORT,HOST:PORT` or
/// `dns:NAME:PORT`.
package enum ChannelTarget: Equatable, Sendable {
    /// These addresses. The name of a host stands for the first of its addresses that answers, and
    /// is looked up whenever it is connected to.
    case fixed([HostPort])
    /// Every address of a name, which is looked up again and again.
    case name(HostPort)

    /// Addresses of one channel that are used; more of a list is an error, more of a name is left.
    package static let addressesMax = 256

    /// INVALID_ARGUMENT when `text` is none of these.
    package init(_ text: String) throws(RPCError) {
        if text.hasPrefix("dns:") {
            self = .name(try HostPort(String(text.dropFirst(4))))
        } else if text.hasPrefix("static:") {
            var addresses: [HostPort] = []
            for part in text.dropFirst(7).split(separator: ",", omittingEmptySubsequences: false) {
                let address = try HostPort(String(part))
                if !addresses.contains(address) { addresses.append(address) }
            }
            guard addresses.count <= Self.addressesMax else {
                throw RPCError(
                    .invalidArgument,
                    "a list of \(addresses.count) addresses is over \(Self.addressesMax)")
            }
            self = .fixed(addresses)
        } else {
            self = .fixed([try HostPort(text)])
        }
    }
}

/// Which of a channel's addresses gets the next call.
package enum Balancing: Sendable {
    /// Each in turn of those that are connected.
    case roundRobin
    /// The first that could be connected to, until it is lost.
    case pickFirst
}
