package import CLehrWire

/// A message type that protobuf-c generated: it can be read from and written to bytes.
package protocol WireMessage: SendableMetatype {
    static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> { get }
}

/// Bytes that are not a message of the type expected.
package struct WireError: Error, Equatable, CustomStringConvertible {
    package let message: String
    /// What is wrong, where that is known.
    package var reason: String?

    package var description: String {
        "not a \(message) message" + (reason.map { ": " + $0 } ?? "")
    }
}

extension WireMessage {
    /// Reads a message; it and all that hangs from it live in `arena`.
    ///
    /// Refuses texts that are not UTF-8 or have a NUL in them, and a message that would take much
    /// more memory than its bytes, such as one of millions of empty parts.
    package static func decode(
        _ bytes: [UInt8], in arena: WireArena
    ) throws(WireError) -> UnsafePointer<Self> {
        let name = { String(cString: descriptor.pointee.name) }
        let wrong = bytes.withUnsafeBytes { TextCheck.firstWrongField($0, descriptor) }
        if let wrong {
            throw WireError(message: name(), reason: "'\(wrong)' is not UTF-8 without NUL")
        }
        arena.allow(WireArena.decodedBytesMax(bytes.count))
        let message = bytes.withUnsafeBufferPointer {
            protobuf_c_message_unpack(descriptor, arena.allocator, $0.count, $0.baseAddress)
        }
        guard let message else {
            throw WireError(
                message: name(),
                reason: arena.isOverdrawn ? "it is much larger than its bytes" : nil)
        }
        return UnsafeRawPointer(message).assumingMemoryBound(to: Self.self)
    }

    /// Builds a message in an arena of its own and returns its bytes.
    package static func encode(_ fill: (inout Self, WireArena) -> Void) -> [UInt8] {
        let arena = WireArena()
        return arena.bytes(of: arena.make(Self.self, fill))
    }
}
