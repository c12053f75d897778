import CLinux
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
    private var buffer = [UInt8](repeating: 0, count: 65536)

    convenience init(_ services: ServiceTable, limits: RPCLimits = RPCLimits()) throws {
        let reactor = try Reactor()
        let transport = HTTP2Transport(
            reactor: reactor, limits: limits, random: RandomSource(seed: 1))
        try self.init(services, on: transport)
    }

    /// One more connection of a server.
    init(_ services: ServiceTable, on transport: HTTP2Transport) throws {
        var pair: [Int32] = [-1, -1]
        // A program that another test starts must not hold the other end open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
        descriptor = pair[1]
        reactor = transport.reactor
        self.transport = transport
        connection = transport.serve(Socket(pair[0]), services, nil)
        turn()
    }

    deinit { if descriptor >= 0 { hangUp() } }

    /// Lets the server read and answer, until it has said everything.
    func turn() {
        var heard = 0
        repeat {
            heard = received.count
            connection.ready([.readable, .writable])
            transport.endOfTurn()
            receive()
        } while received.count > heard
    }

    private func receive() {
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { isClosed = true }
            guard count > 0 else { return }
            received += buffer.prefix(count)
        }
    }

    func send(_ bytes: some Sequence<UInt8>) {
        var rest = Array(bytes)[...]
        repeat {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            rest = rest.dropFirst(max(count, 0))
            turn()
        } while !rest.isEmpty && !isClosed
    }

    /// Ends this direction only, perhaps with some last bytes, all of which the server learns at once.
    func endSending(_ bytes: [UInt8] = []) {
        _ = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        shutdown(descriptor, Int32(SHUT_WR))
        connection.ready([.readable, .halfClosed])
        transport.endOfTurn()
        receive()
    }

    /// Has the server look, so often, whether it waits for this peer for too long.
    func look(times: Int = 1) {
        for _ in 0..<times { connection.look() }
        turn()
    }

    /// Bytes by which the connection's window is kept smaller.
    var withheldBytes: Int { connection.withheld }

    /// Bytes that its calls hold.
    var heldBytes: Int { connection.heldBytes }

    /// Has the server end the connection without losing a call.
    func drain() {
        connection.drain()
        turn()
    }

    /// What the server has said last: the code and the text of a GOAWAY.
    var goodbye: (code: Int, text: String)? {
        guard let last = frames.last, last.type == Frames.goAway, last.payload.count >= 8 else {
            return nil
        }
        let code = last.payload[4..<8].reduce(0) { $0 << 8 | Int($1) }
        return (code, String(decoding: last.payload[8...], as: UTF8.self))
    }

    /// The code of the RST_STREAM of a stream.
    func resetCode(of stream: Int) -> Int? {
        frames.last { $0.type == Frames.reset && $0.stream == stream }?
            .payload.reduce(0) { $0 << 8 | Int($1) }
    }

    /// Closes this end behind some last bytes, and lets the server notice both at once, as the
    /// kernel tells of them.
    func hangUp(after bytes: [UInt8] = []) {
        _ = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        close(descriptor)
        descriptor = -1
        connection.ready([.readable, Readiness(rawValue: EPOLLRDHUP.rawValue)])
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
    static let priority: UInt8 = 2
    static let reset: UInt8 = 3
    static let settings: UInt8 = 4
    static let ping: UInt8 = 6
    static let goAway: UInt8 = 7
    static let windowUpdate: UInt8 = 8
    static let continuation: UInt8 = 9

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

    /// The fields of a request, as literals.
    static func fields(_ path: String, extra: [(String, String)] = []) -> [UInt8] {
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ]
        return (fields + extra).flatMap { HPACK.literal($0.0, $0.1) }
    }

    /// HEADERS with literal fields.
    static func request(
        _ path: String, stream: UInt32, extra: [(String, String)] = [], isEnd: Bool = false
    ) -> [UInt8] {
        frame(headers, flags: isEnd ? 5 : 4, stream: stream, fields(path, extra: extra))
    }

    static func reset(_ stream: UInt32) -> [UInt8] {
        frame(reset, flags: 0, stream: stream, bytes(8))
    }

    static func update(_ stream: UInt32, by increment: UInt32) -> [UInt8] {
        frame(windowUpdate, flags: 0, stream: stream, bytes(increment))
    }

    static func setting(_ id: UInt8, _ value: UInt32) -> [UInt8] { [0, id] + bytes(value) }

    /// DATA with one gRPC message.
    static func message(
        _ message: [UInt8], stream: UInt32, flag: UInt8 = 0, isEnd: Bool = true
    ) -> [UInt8] {
        frame(
            data, flags: isEnd ? 1 : 0, stream: stream,
            [flag] + bytes(UInt32(message.count)) + message)
    }
}

/// Header fields as HPACK writes them, without Huffman's code.
enum HPACK {
    /// A number after a prefix of `bits` bits; `first` has what is before it.
    static func number(_ value: Int, bits: Int, first: UInt8 = 0) -> [UInt8] {
        let most = 1 << bits - 1
        guard value >= most else { return [first | UInt8(value)] }
        var (rest, bytes) = (value - most, [first | UInt8(most)])
        while rest > 127 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func text(_ text: some StringProtocol) -> [UInt8] { self.text(Array(text.utf8)) }

    static func text(_ text: [UInt8]) -> [UInt8] { number(text.count, bits: 7) + text }

    /// A field that is not put into the table.
    static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0] + text(name) + text(value)
    }

    static func literal(_ name: String, _ value: [UInt8]) -> [UInt8] {
        [0] + text(name) + text(value)
    }

    /// A field that goes into the table, as its entry 62.
    static func added(_ name: String, _ value: String) -> [UInt8] {
        [0x40] + text(name) + text(value)
    }

    static func indexed(_ index: Int) -> [UInt8] { number(index, bits: 7, first: 0x80) }

    static func tableSize(_ size: Int) -> [UInt8] { number(size, bits: 5, first: 0x20) }
}
