import Glibc
import LehrCore
package import LehrRPC
import LehrWire

/// Turns host names into addresses.
package enum Resolver {
    /// The addresses of `target`, in the system's order of preference. May block on a name server,
    /// except for literals; `localhost` is read from a file.
    package static func resolve(
        _ target: HostPort, forListening: Bool = false
    ) throws(RPCError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (forListening ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(target.host, String(target.port), &hints, &list)
        guard failure == 0 else {
            let cause = String(cString: gai_strerror(failure))
            throw RPCError(.unavailable, "cannot resolve \(target.host): \(cause)")
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                addresses.append(SocketAddress(copying: address, length: entry.ai_addrlen))
            }
            next = entry.ai_next
        }
        return addresses
    }

    /// As `resolve`, without blocking the reactor: names are looked up on threads of the process.
    ///
    /// UNAVAILABLE at once when too many look-ups wait; otherwise it may take as long as the system's
    /// resolver does, so whoever asks has a timer.
    package static func resolve(
        _ target: HostPort, on reactor: Reactor,
        _ completion: @escaping (Result<[SocketAddress], RPCError>) -> Void
    ) {
        if isQuick(target.host) {
            let result = Result { () throws(RPCError) in try resolve(target) }
            return reactor.post { completion(result) }
        }
        let answer = Confined(completion, to: reactor)
        let mailbox = reactor.mailbox
        let isTaken = LookUpThreads.run {
            let result = Result { () throws(RPCError) in try resolve(target) }
            mailbox.post { answer.withValue { $0(result) } }
        }
        guard !isTaken else { return }
        let error = RPCError(
            .unavailable, "cannot resolve \(target.host): too many look-ups are under way")
        reactor.post { completion(.failure(error)) }
    }

    /// Whether a look-up needs no name server.
    private static func isQuick(_ host: String) -> Bool {
        var (v4, v6) = (in_addr(), in6_addr())
        return host == "localhost" || inet_pton(AF_INET, host, &v4) == 1
            || inet_pton(AF_INET6, host, &v6) == 1
    }
}
