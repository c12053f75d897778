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
    /// Reads a message; it and all that hangs from it live in `arena`, which keeps `bytes` when large
    /// fields stay in them.
    ///
    /// Refuses texts that are not UTF-8 or have a NUL in them, and a message that would take much
    /// more memory than its bytes, such as one of millions of empty parts.
    /// - Parameter inPlaceMin: the size from which a `bytes` field may stay in `bytes`.
    package static func decode(
        _ bytes: [UInt8], in arena: WireArena, inPlaceMin: Int = BytesInPlace.bytesMin
    ) throws(WireError) -> UnsafePointer<Self> {
        let wrong = bytes.withUnsafeBytes { TextCheck.firstWrongField($0, descriptor) }
        if let wrong { throw Self.error("'\(wrong)' is not UTF-8 without NUL") }
        arena.allow(WireArena.decodedBytesMax(bytes.count))
        guard bytes.count >= inPlaceMin, descriptor.has(PROTOBUF_C_TYPE_BYTES) else {
            return UnsafePointer(try unpack(bytes, in: arena))
        }
        // An array's bytes stay where they are for as long as nobody changes it.
        let inPlace = bytes.withUnsafeBytes {
            BytesInPlace($0, descriptor, bytesMin: inPlaceMin)
        }
        guard let inPlace else { return UnsafePointer(try unpack(bytes, in: arena)) }
        arena.keep(bytes)
        // As if they were copied: what is refused does not depend on where a field lies.
        arena.allow(WireArena.decodedBytesMax(bytes.count) - inPlace.byteCount)
        let message = try unpack(inPlace.emptied(), in: arena)
        inPlace.restore(UnsafeMutableRawPointer(message))
        return UnsafePointer(message)
    }

    private static func unpack(
        _ bytes: [UInt8], in arena: WireArena
    ) throws(WireError) -> UnsafeMutablePointer<Self> {
        let message = bytes.withUnsafeBufferPointer {
            protobuf_c_message_unpack(descriptor, arena.allocator, $0.count, $0.baseAddress)
        }
        guard let message else {
            throw error(arena.isOverdrawn ? "it is much larger than its bytes" : nil)
        }
        return UnsafeMutableRawPointer(message).assumingMemoryBound(to: Self.self)
    }

    private static func error(_ reason: String?) -> WireError {
        WireError(message: String(cString: descriptor.pointee.name), reason: reason)
    }

    /// Builds a message in an arena of its own and returns its bytes.
    package static func encode(_ fill: (inout Self, WireArena) -> Void) -> [UInt8] {
        let arena = WireArena()
        return arena.bytes(of: arena.make(Self.self, fill))
    }
}
