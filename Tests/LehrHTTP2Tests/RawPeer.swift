import Glibc
import LehrCore
import LehrRPC
import LehrReactor
import Testing

@testable import LehrHTTP2

/// A server's connection whose other end a test holds, to send what no client of ours would.
final class RawPeer {
    let reactor: Reactor
    let transport: HTTP2Transport
    private let connection: ServerConnection
    private var descriptor: Int32
    /// What the server has sent.
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false

    init(_ services: ServiceTable, limits: RPCLimits = RPCLimits()) throws {
        var pair: [Int32] = [-1, -1]
        // A program that another test starts must not hold the other end open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
        descriptor = pair[1]
        reactor = try Reactor()
        transport = HTTP2Transport(reactor: reactor, limits: limits, random: RandomSource(seed: 1))
        connection = ServerConnection(transport, services, peer: nil)
        connection.attach(Socket(pair[0]))
        turn()
    }

    deinit { if descriptor >= 0 { hangUp() } }

    /// Lets the server read and answer.
    func turn() {
        connection.ready([.readable, .writable])
        transport.endOfTurn()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { isClosed = true }
            guard count > 0 else { return }
            received += buffer.prefix(count)
        }
    }

    func send(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        _ = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        turn()
    }

    /// Has the server end the connection without losing a call.
    func drain() {
        connection.drain()
        turn()
    }

    /// Closes this end, and lets the server notice.
    func hangUp() {
        close(descriptor)
        descriptor = -1
        connection.ready([.readable, .ended])
        reactor.stop()
        reactor.run()
    }

    /// The frames received so far: their types, flags and streams.
    var frames: [(type: UInt8, flags: UInt8, stream: Int, payload: [UInt8])] {
        var frames: [(UInt8, UInt8, Int, [UInt8])] = []
        var rest = received[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...].reduce(0) { $0 << 8 | Int($1) }
            frames.append((head[3], head[4], stream, Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }
}

/// The bytes of HTTP/2 frames.
enum Frames {
    static let data: UInt8 = 0
    static let headers: UInt8 = 1
    static let reset: UInt8 = 3
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7

    static let preface =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, flags: 0, stream: 0, [])

    static func frame(_ type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255), type, flags]
            + bytes(stream) + payload
    }

    static func bytes(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
    }

    /// HEADERS with literal fields, none longer than 126 bytes.
    static func request(
        _ path: String, stream: UInt32, extra: [(String, String)] = [], isEnd: Bool = false
    ) -> [UInt8] {
        let fields =
            [
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                ("te", "trailers"), ("content-type", "application/grpc"),
            ] + extra
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(headers, flags: isEnd ? 5 : 4, stream: stream, block)
    }

    /// DATA with one gRPC message.
    static func message(
        _ message: [UInt8], stream: UInt32, flag: UInt8 = 0, isEnd: Bool = true
    ) -> [UInt8] {
        frame(
            data, flags: isEnd ? 1 : 0, stream: stream,
            [flag] + bytes(UInt32(message.count)) + message)
    }
}
