import LehrRPC
import LehrReactor

/// A server that takes messages of a known size over plain TCP and answers each with a few bytes: what
/// an upload would cost without HTTP/2.
final class TCPSink: PollTarget {
    private let socket: Socket
    private let reactor: Reactor
    private let messageBytes: Int
    private var received = 0

    /// As long as an answer's DATA and HEADERS frames.
    static let answerBytes = 64
    private static let answer = [UInt8](repeating: 0, count: answerBytes)

    private init(_ socket: Socket, _ reactor: Reactor, messageBytes: Int) {
        self.socket = socket
        self.reactor = reactor
        self.messageBytes = messageBytes
    }

    /// Listens on a free port of loopback and returns what to hold on to.
    static func listen(_ reactor: Reactor, messageBytes: Int) throws(RPCError) -> Listener {
        try Listener(at: HostPort(host: "127.0.0.1", port: 0), on: reactor) { socket in
            let sink = TCPSink(socket, reactor, messageBytes: messageBytes)
            // The reactor keeps it; a socket that cannot be watched is closed with it.
            _ = try? reactor.watch(socket.descriptor, sink)
        }
    }

    func ready(_ readiness: Readiness) {
        while true {
            switch socket.read(into: reactor.readBuffer) {
            case .bytes(let count):
                received += count
                while received >= messageBytes {
                    received -= messageBytes
                    // So few bytes always fit.
                    _ = Self.answer.withUnsafeBytes { socket.write($0) }
                }
            case .wouldBlock: return
            case .ended, .failed, .broken: return socket.close()
            }
        }
    }
}
