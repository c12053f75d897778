import Glibc
package import LehrRPC

/// A numeric IPv4 or IPv6 address with its port.
package struct SocketAddress: Sendable, CustomStringConvertible {
    private var storage = sockaddr_storage()
    let length: socklen_t

    init(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
        self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
        let length = Int(self.length)
        withUnsafeMutableBytes(of: &storage) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: address, count: length))
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
        }
    }

    /// As `HOST:PORT`, numeric.
    package var hostPort: HostPort {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let failure = withPointer {
            getnameinfo(
                $0, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard failure == 0 else { return HostPort(host: "?", port: 0) }
        return HostPort(host: text(host), port: UInt16(text(port)) ?? 0)
    }

    /// Whether at most the ports differ.
    func isHost(of other: SocketAddress) -> Bool {
        guard let host, let otherHost = other.host else { return false }
        return family == other.family && host == otherHost
    }

    /// The bytes of an IPv4 or IPv6 address without its port.
    private var host: [UInt8]? {
        let field: Range<Int>? =
            switch family {
            case AF_INET: MemoryLayout<sockaddr_in>.offset(of: \.sin_addr).map { $0..<$0 + 4 }
            case AF_INET6: MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr).map { $0..<$0 + 16 }
            default: nil
            }
        return field.map { field in withUnsafeBytes(of: storage) { Array($0[field]) } }
    }

    package var description: String { hostPort.description }

    /// The address that a socket is bound to, or whose peer it is.
    static func of(
        _ descriptor: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard ask(descriptor, pointer, &length) == 0 else { return nil }
                return SocketAddress(copying: pointer, length: length)
            }
        }
    }
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
