import CLehrWire
import LehrRPC
import LehrWire

/// The methods that are measured: each decodes a message, encodes the same again, and answers.
enum EchoMethod: String, CaseIterable {
    case plain

    var path: String {
        switch self {
        case .plain: "/lehr.bench.v1.Echo/Unary"
        }
    }

    /// A message of the shard's protocol serves: one field of bytes, as bulk data has it.
    var method: Method<Wire.ScanChunk, Wire.ScanChunk> { Method(path) }

    static func register(in services: ServiceTable) {
        services.unary(plain.method) { _, request, responder in
            let keys = request.keys
            responder.succeed { answer, _ in answer.keys = keys }
        }
    }
}

enum EchoMessage {
    /// A message of exactly `bytes` bytes, encoded, in gRPC's frame.
    static func frame(of bytes: Int) -> [UInt8] {
        let length = UInt32(bytes)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
            + encoded(bytes)
    }

    static func encoded(_ bytes: Int) -> [UInt8] {
        // The field's number and its length, which takes a byte for each seven bits, come first.
        for overhead in 2...6 {
            let message = Wire.ScanChunk.encode { message, arena in
                message.keys = arena.bytes(
                    copying: [UInt8](repeating: UInt8(ascii: "x"), count: bytes - overhead))
            }
            if message.count == bytes { return message }
        }
        preconditionFailure("there is no message of \(bytes) bytes")
    }
}
