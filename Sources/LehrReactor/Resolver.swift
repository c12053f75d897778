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

    /// As `resolve`, without blocking the reactor: a name is looked up on a thread of its own.
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
        let lookup = Unmanaged.passRetained(
            Lookup {
                let result = Result { () throws(RPCError) in try resolve(target) }
                mailbox.post { answer.withValue { $0(result) } }
            })
        var thread = pthread_t()
        let cause = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Lookup>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, lookup.toOpaque())
        guard cause == 0 else {
            lookup.release()
            let error = RPCError(.unavailable, "cannot start a thread to resolve \(target.host)")
            return reactor.post { completion(.failure(error)) }
        }
        pthread_detach(thread)
    }

    /// Whether a look-up needs no name server.
    private static func isQuick(_ host: String) -> Bool {
        var (v4, v6) = (in_addr(), in6_addr())
        return host == "localhost" || inet_pton(AF_INET, host, &v4) == 1
            || inet_pton(AF_INET6, host, &v6) == 1
    }

    private final class Lookup: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
