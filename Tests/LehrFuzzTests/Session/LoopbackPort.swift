import Glibc

/// A listening socket of the loopback interface, one for the whole process.
final class LoopbackPort: Sendable {
    let address: String
    private let descriptor: Int32

    private static let shared = Result { try LoopbackPort() }

    static func get() throws -> LoopbackPort { try shared.get() }

    private init() throws(FuzzFailure) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, kind, 0)
        var bound = sockaddr_in()
        bound.sin_family = sa_family_t(AF_INET)
        bound.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let status = withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard descriptor >= 0, status == 0 else {
            throw FuzzFailure("cannot listen on the loopback interface: errno \(errno)")
        }
        address = "127.0.0.1:\(UInt16(bigEndian: bound.sin_port))"
    }

    /// The next connection, non-blocking; nil: there is none yet.
    func accept() -> Int32? {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { return nil }
        _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
        return accepted
    }

    /// Resets every connection that waits to be accepted.
    func refuseAll() {
        while let descriptor = accept() {
            ScriptedPeer(descriptor, sending: [], checking: FrameChecker()).close()
        }
    }
}
