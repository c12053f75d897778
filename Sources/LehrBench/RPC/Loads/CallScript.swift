/// The bytes of a client that makes the same unary call again and again.
struct CallScript {
    /// The preface, no settings, and a window for as much as anybody will send.
    let greeting: [UInt8]
    let settingsAcknowledgement = Self.frame(4, flags: 1, stream: 0, [])
    private let head: [UInt8]
    private let message: [UInt8]

    init(_ method: EchoMethod, messageBytes: Int, to authority: String) {
        greeting =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4, flags: 0, stream: 0, [])
            + Self.frame(8, flags: 0, stream: 0, Self.bytes(UInt32(Int32.max) - 65_535))
        // HPACK: `:method POST` and `:scheme http` of the static table, then names of it with values.
        head =
            [0x83, 0x86] + Self.field([0x04], method.path) + Self.field([0x01], authority)
            + Self.field([0x0F, 0x10], "application/grpc")
            + Self.field([0x00, 2] + "te".utf8, "trailers")
        message = EchoMessage.frame(of: messageBytes)
    }

    /// A call on a stream, which ends with its only message.
    func call(on stream: UInt32) -> [UInt8] {
        Self.frame(1, flags: 4, stream: stream, head)
            + Self.frame(0, flags: 1, stream: stream, message)
    }

    private static func field(_ name: [UInt8], _ value: String) -> [UInt8] {
        precondition(value.utf8.count < 127, "a length of one byte")
        return name + [UInt8(value.utf8.count)] + value.utf8
    }

    private static func frame(
        _ type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]
    ) -> [UInt8] {
        bytes(UInt32(payload.count)).dropFirst() + [type, flags] + bytes(stream) + payload
    }

    private static func bytes(_ value: UInt32) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
