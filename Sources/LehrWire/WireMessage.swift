package import CLehrWire

/// A message type that protobuf-c generated: it can be read from and written to bytes.
package protocol WireMessage: SendableMetatype {
    static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> { get }
}

/// Bytes that are not a message of the type expected.
package struct WireError: Error, Equatable, CustomStringConvertible {
    package let message: String

    package var description: String { "not a \(message) message" }
}

extension WireMessage {
    /// Reads a message; it and all that hangs from it live in `arena`.
    package static func decode(
        _ bytes: [UInt8], in arena: WireArena
    ) throws(WireError) -> UnsafePointer<Self> {
        let message = bytes.withUnsafeBufferPointer {
            protobuf_c_message_unpack(descriptor, arena.allocator, $0.count, $0.baseAddress)
        }
        guard let message else {
            throw WireError(message: String(cString: descriptor.pointee.name))
        }
        return UnsafeRawPointer(message).assumingMemoryBound(to: Self.self)
    }

    /// Builds a message in an arena of its own and returns its bytes.
    package static func encode(_ fill: (inout Self, WireArena) -> Void) -> [UInt8] {
        let arena = WireArena()
        return arena.bytes(of: arena.make(Self.self, fill))
    }
}
