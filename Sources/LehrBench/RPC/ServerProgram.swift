import Glibc
package import LehrCore
import LehrHTTP2
import LehrRPC
import LehrReactor

/// The program of a server under test: one reactor on the calling thread.
package enum ServerProgram {
    /// Prints the address and answers until standard input ends.
    package static func run(random: RandomSource) throws {
        let reactor = try Reactor()
        let transport = HTTP2Transport(reactor: reactor, random: random)
        let services = ServiceTable()
        EchoMethod.register(in: services)
        print(try transport.listen(at: "127.0.0.1:0", services))
        fflush(nil)
        let end = try reactor.watch(STDIN_FILENO, InputEnd { reactor.stop() })
        reactor.run()
        withExtendedLifetime((transport, end)) {}
    }
}

/// Reads a descriptor to its end.
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
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return onEnd() }
            if count < 0 && errno == EAGAIN { return }
        }
    }
}
