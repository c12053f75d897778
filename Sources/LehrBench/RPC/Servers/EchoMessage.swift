import CLehrWire
import LehrWire

/// What `EchoMethod` takes.
enum EchoMessage {
    /// A message of exactly `bytes` bytes, encoded, in gRPC's frame.
    static func frame(of bytes: Int) -> [UInt8] {
        let length = UInt32(bytes)
        let lengthBytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        return [0] + lengthBytes + encoded(bytes)
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
