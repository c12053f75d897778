import LehrCore

@testable import LehrHTTP2

/// Turns an input into frames of HTTP/2 whose lengths are right, so that a fuzzer need not find them:
/// each step takes a byte that says what to make and then what that needs.
struct FrameProgram {
    /// What is sent, cut where the program says; each piece goes out in a turn of its own.
    private(set) var pieces: [[UInt8]] = []
    private var piece: [UInt8] = []
    private var lastFrame: [UInt8] = []
    private var reader: InputReader

    /// Bytes of all pieces together.
    private static let sizeMax = 1 << 20
    private static let paths = FuzzServices.paths + ["/f/Nothing", "", "/"]

    init(_ reader: InputReader) {
        self.reader = reader
        var size = 0
        while !self.reader.isAtEnd, size < Self.sizeMax {
            size -= piece.count
            step()
            size += piece.count
            if piece.isEmpty { size += pieces.last?.count ?? 0 }
        }
        cut()
    }

    private mutating func step() {
        switch reader.below(16) {
        case 0: piece += reader.bytes(reader.below(64))
        case 1: add(request())
        case 2: add(message())
        case 3: add(FrameBytes.frame(.data, flags(1), stream(), reader.bytes(Int(reader.byte()))))
        case 4:
            add(
                FrameBytes.frame(
                    type: reader.byte(), reader.byte(), stream(),
                    reader.bytes(Int(reader.byte()))))
        case 5: add(FrameBytes.frame(.reset, 0, stream(), FrameBytes.number(reader.below(16))))
        case 6:
            let amount = reader.short() << (reader.below(2) * 15)
            add(FrameBytes.frame(.windowUpdate, 0, stream(), FrameBytes.number(amount)))
        case 7: add(settings())
        case 8: add(FrameBytes.frame(.ping, flags(1), 0, [UInt8](repeating: 7, count: 8)))
        case 9:
            add(
                FrameBytes.frame(
                    .goAway, 0, 0,
                    FrameBytes.number(reader.short()) + FrameBytes.number(reader.below(16))))
        case 10: cut()
        case 11: add(headers([], with: flags(5)))
        case 12: add(headers(answer(), with: flags(1) | 4))
        case 13: add(headers(trailers(), with: 5))
        case 14: add(FrameBytes.frame(.continuation, flags(4), stream(), fields(others())))
        default:
            // A flood of one frame.
            for _ in 0..<reader.below(64) { piece += lastFrame }
        }
    }

    private mutating func add(_ frame: [UInt8]) {
        piece += frame
        lastFrame = frame
    }

    private mutating func cut() {
        if !piece.isEmpty { pieces.append(piece) }
        piece = []
    }

    /// Most often a stream that a client may open; the ids of few streams repeat often.
    private mutating func stream() -> Int {
        let choice = reader.byte()
        return choice < 128 ? 2 * (Int(choice) % 16) + 1 : Int(choice) - 128
    }

    private mutating func flags(_ allowed: UInt8) -> UInt8 { reader.byte() & allowed }

    private mutating func request() -> [UInt8] {
        let path = Self.paths[reader.below(Self.paths.count)]
        return headers(
            [
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test"),
                ("te", "trailers"), ("content-type", "application/grpc"),
            ], with: flags(1) | 4)
    }

    private mutating func headers(_ known: [(String, String)], with flags: UInt8) -> [UInt8] {
        FrameBytes.frame(.headers, flags, stream(), fields(known + others()))
    }

    /// Fields that mean something to gRPC, with values from the input.
    private mutating func others() -> [(String, String)] {
        let names = [
            "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "x-bytes-bin", "traceparent",
            "content-type", "grpc-status", "grpc-message", ":status", "x-gzip", "authorization",
        ]
        let values = [
            "gzip", "identity", "1S", "10m", "1n", "200", "0", "application/grpc", "%e2%",
        ]
        return (0..<reader.below(4)).map { _ in
            let name = names[reader.below(names.count)]
            let choice = reader.below(2 * values.count)
            if choice < values.count { return (name, values[choice]) }
            return (name, String(decoding: reader.bytes(reader.below(24)), as: UTF8.self))
        }
    }

    private mutating func answer() -> [(String, String)] {
        [(":status", reader.below(4) == 0 ? "503" : "200"), ("content-type", "application/grpc")]
    }

    private mutating func trailers() -> [(String, String)] {
        [("grpc-status", String(reader.below(20))), ("grpc-message", "a%20b")]
    }

    private func fields(_ list: [(String, String)]) -> [UInt8] {
        list.flatMap { FrameBytes.literal($0.0, $0.1) }
    }

    /// A message, compressed or said to be, whole or cut off.
    private mutating func message() -> [UInt8] {
        let choice = reader.byte()
        var body = reader.bytes(Int(reader.byte()))
        // Longer than what a reader of the tight limits takes.
        if choice & 2 != 0 { body += [UInt8](repeating: 3, count: reader.below(32) * 256) }
        if choice & 4 != 0 { body = Gzip.compress(body, ratioMax: .max) ?? body }
        let flag: UInt8 = choice & 12 == 0 ? 0 : 1
        let frame = [flag] + FrameBytes.number(body.count) + body
        let part = choice & 16 == 0 ? frame : Array(frame.dropLast(reader.below(8)))
        return FrameBytes.frame(.data, choice & 1, stream(), part)
    }

    private mutating func settings() -> [UInt8] {
        let id = reader.below(10)
        let value = reader.short() << (reader.below(3) * 8)
        return FrameBytes.frame(
            .settings, flags(1), 0, [UInt8(id >> 8), UInt8(id)] + FrameBytes.number(value))
    }
}
