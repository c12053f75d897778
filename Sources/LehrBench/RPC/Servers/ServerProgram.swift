import Glibc
package import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor
package import LehrTLS

/// The program of a server under test: one reactor on the calling thread.
package enum ServerProgram {
    package enum Kind: String, Sendable {
        case grpc, tcp
    }

    /// Prints the address and answers until standard input ends. `messageBytes`: of each message
    /// over TCP. `tls`: what gRPC is answered with; nil: in cleartext.
    package static func run(
        _ kind: Kind, messageBytes: Int, tls: TLSFiles?, random: RandomSource
    ) throws {
        let reactor = try Reactor()
        let server: AnyObject
        switch kind {
        case .grpc:
            var limits = RPCLimits()
            // All of them come from this machine.
            limits.connectionsPerPeerMax = limits.connectionsMax
            let transport = HTTP2Transport(
                reactor: reactor, limits: limits, security: try tls.map(security), random: random)
            let services = ServiceTable()
            for method in EchoMethod.allCases { method.register(in: services) }
            print(try transport.listen(at: "127.0.0.1:0", services))
            server = transport
        case .tcp:
            let listener = try TCPSink.listen(reactor, messageBytes: messageBytes)
            print(listener.address)
            server = listener
        }
        fflush(nil)
        _ = try reactor.watch(STDIN_FILENO, InputEnd { reactor.stop() })
        reactor.run()
        withExtendedLifetime(server) {}
    }

    /// h2load has no certificate to show.
    private static func security(_ files: TLSFiles) throws -> TLSSecurity {
        let store = try TLSStore(
            files, in: LocalFileSystem(), clients: .optional, atSeconds: Int64(time(nil)))
        return try TLSSecurity(store) { _ in .host }
    }
}

/// Reads standard input to its end.
private final class InputEnd: PollTarget {
    private let onEnd: () -> Void

    init(_ onEnd: @escaping () -> Void) {
        self.onEnd = onEnd
        _ = fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK)
    }

    func ready(_ readiness: Readiness) {
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EAGAIN { return }
            if count == 0 || count < 0 && errno != EINTR { return onEnd() }
        }
    }
}
