import LehrCore
import LehrRPC

/// The addresses of a channel, and which of them gets the next call.
struct EndpointList {
    private var endpoints: [Endpoint] = []
    /// Those that are no longer the channel's and have calls in flight.
    private var retired: [Endpoint] = []
    private var cursor: Int
    private let balancing: Balancing

    /// `start`: any number, the same for no two clients, so that not all begin with one server.
    init(_ balancing: Balancing, start: Int) {
        self.balancing = balancing
        cursor = start
    }

    var isEmpty: Bool { endpoints.isEmpty }
    var isHopeful: Bool { endpoints.contains { $0.isHopeful } }
    /// When the first of those that could not be reached may be tried again.
    var nextAttempt: Instant? { endpoints.compactMap(\.blockedUntil).min() }

    /// Makes `addresses` the list; what is known of those that stay is kept.
    mutating func update(_ addresses: [HostPort], _ make: (HostPort) -> Endpoint) {
        let old = endpoints
        endpoints = addresses.map { address in
            old.first { $0.address == address } ?? make(address)
        }
        for endpoint in old where !addresses.contains(endpoint.address) {
            retired.append(endpoint)
            endpoint.retire()
        }
        forgetUnused()
    }

    mutating func forgetUnused() { retired.removeAll { $0.isUnused } }

    /// A connection with room for a call, at none of the `avoided` addresses if that can be; nil:
    /// there is none now. Has those made that are missing.
    mutating func pick(avoiding avoided: [String]) -> ClientConnection? {
        if !avoided.isEmpty, let connection = pick(where: { !avoided.contains($0.name) }) {
            return connection
        }
        return pick { _ in true }
    }

    private mutating func pick(where isAllowed: (Endpoint) -> Bool) -> ClientConnection? {
        switch balancing {
        case .roundRobin:
            for _ in endpoints.indices {
                cursor = (cursor + 1) % endpoints.count
                let endpoint = endpoints[cursor]
                if isAllowed(endpoint), let connection = endpoint.usableConnection() {
                    return connection
                }
            }
        case .pickFirst:
            if let endpoint = endpoints.first(where: { $0.isHopeful && isAllowed($0) }) {
                return endpoint.usableConnection()
            }
            for endpoint in endpoints where isAllowed(endpoint) {
                endpoint.connect()
                if endpoint.isHopeful { break }
            }
        }
        return nil
    }

    func shutDown() {
        for endpoint in endpoints + retired { endpoint.shutDown() }
    }
}
