import LehrCore
import LehrRPC
import LehrReactor
import Testing

@testable import LehrHTTP2

/// A server that a test plays frame by frame, to do what no server of ours would.
final class RawServer {
    struct Frame {
        let type: UInt8
        let flags: UInt8
        let stream: UInt32
        let payload: [UInt8]

        var isEnd: Bool { flags & 1 != 0 }
        /// Of DATA: the bytes of its only gRPC message.
        var message: [UInt8] { Array(payload.dropFirst(5)) }
    }

    let reactor: Reactor
    private var listener: Listener?
    private(set) var connections: [Connection] = []
    /// What each client is greeted with; set before the first comes.
    var greeting = Frames.frame(Frames.settings, flags: 0, stream: 0, [])
    /// DATA that ends a request, with the connection's number from 0.
    var onRequest: (Connection, Frame) -> Void = { _, _ in }
    var onFrame: (Connection, Frame) -> Void = { _, _ in }

    init(_ scene: Scene) throws {
        reactor = try #require(scene.core as? Reactor)
        listener = try Listener(at: HostPort("127.0.0.1:0"), on: reactor) { [unowned self] in
            let connection = Connection(number: connections.count, $0, self)
            connections.append(connection)
            if !greeting.isEmpty { connection.send(greeting) }
        }
        scene.atEnd { [self] in
            close()
            connections = []
            onRequest = { _, _ in }
            onFrame = { _, _ in }
        }
    }

    var address: String { listener?.address.description ?? "" }

    /// Closes everything, without a goodbye.
    func close() {
        listener?.close()
        listener = nil
        for connection in connections { connection.close() }
    }

    final class Connection: PollTarget {
        let number: Int
        private let socket: Socket
        private let server: RawServer
        private var token: PollToken?
        private var bytes: [UInt8] = []
        private var isPastPreface = false
        /// Reads nothing more.
        var isDeaf = false

        init(number: Int, _ socket: Socket, _ server: RawServer) {
            self.number = number
            self.socket = socket
            self.server = server
            token = try? server.reactor.watch(socket.descriptor, self)
        }

        func send(_ bytes: [UInt8]) {
            #expect(bytes.withUnsafeBytes { socket.write($0) } == .bytes(bytes.count))
        }

        /// Says which stream is the last that is dealt with.
        func sendGoAway(last: UInt32) {
            send(
                Frames.frame(
                    Frames.goAway, flags: 0, stream: 0, Frames.bytes(last) + Frames.bytes(0)))
        }

        func sendReset(_ stream: UInt32, _ code: UInt32) {
            send(Frames.frame(Frames.reset, flags: 0, stream: stream, Frames.bytes(code)))
        }

        /// Answers a call with OK and a message.
        func answer(_ stream: UInt32, _ message: [UInt8]) {
            sendHead(stream)
            send(
                Frames.message(message, stream: stream, isEnd: false)
                    + Frames.fields([("grpc-status", "0")], stream: stream, isEnd: true))
        }

        func sendHead(_ stream: UInt32) {
            send(
                Frames.fields(
                    [(":status", "200"), ("content-type", "application/grpc")], stream: stream,
                    isEnd: false))
        }

        func close() {
            if let token { server.reactor.unwatch(token) }
            token = nil
            socket.close()
        }

        func ready(_ readiness: Readiness) {
            var buffer = [UInt8](repeating: 0, count: 65536)
            while token != nil, !isDeaf {
                let transfer = buffer.withUnsafeMutableBytes { socket.read(into: $0) }
                guard case .bytes(let count) = transfer else { break }
                bytes += buffer.prefix(count)
            }
            while let frame = nextFrame() {
                server.onFrame(self, frame)
                if frame.type == Frames.data, frame.isEnd { server.onRequest(self, frame) }
            }
        }

        private func nextFrame() -> Frame? {
            if !isPastPreface {
                guard bytes.count >= 24 else { return nil }
                bytes.removeFirst(24)
                isPastPreface = true
            }
            guard token != nil, bytes.count >= 9 else { return nil }
            let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
            guard bytes.count >= 9 + length else { return nil }
            let frame = Frame(
                type: bytes[3], flags: bytes[4],
                stream: bytes[5..<9].reduce(0) { $0 << 8 | UInt32($1) },
                payload: Array(bytes[9..<9 + length]))
            bytes.removeFirst(9 + length)
            return frame
        }
    }
}

extension Frames {
    static func fields(_ fields: [(String, String)], stream: UInt32, isEnd: Bool) -> [UInt8] {
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(headers, flags: isEnd ? 5 : 4, stream: stream, block)
    }
}

extension Scene {
    /// What the client's transport has counted; on sockets.
    var counters: HTTP2Counters { (client as? HTTP2Transport)?.counters ?? HTTP2Counters() }
}
