import LehrMembership
import LehrRPC

/// How many connections a coordinator takes: one of each member that there may be, and some of people,
/// as far as its descriptors reach.
struct ConnectionAllowance: Equatable {
    let connections: Int
    /// What to do when that is less than the members that there may be; nil: it is enough.
    let advice: String?

    private static let ofPeople = 1000
    /// Descriptors for all else: state, listeners, the HTTP door and whoever asks it.
    private static let others = 500

    init(descriptors: Int) {
        let wanted = LeaseTable.memberCountMax + Self.ofPeople
        connections = max(min(wanted, descriptors - Self.others), Self.others)
        advice =
            connections == wanted
            ? nil
            : """
            this process may open \(descriptors) files, hence \(connections) connections; for \
            \(LeaseTable.memberCountMax) members raise the hard limit to \(wanted + Self.others) \
            (`ulimit -Hn`, LimitNOFILE)
            """
    }

    /// The limits of the RPC layer with so many connections; an address may have a quarter of them.
    var limits: RPCLimits {
        var limits = RPCLimits()
        limits.connectionsMax = connections
        limits.connectionsPerPeerMax = max(limits.connectionsPerPeerMax, connections / 4)
        return limits
    }
}
