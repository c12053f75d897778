import CLehrWire

/// Whether the `string` fields of an encoded message are what they must be.
///
/// proto3 wants UTF-8, and protobuf-c ends a text at its first NUL without a word, so that two readers
/// would see different texts; it checks neither. Of a message type without texts nothing is looked at.
enum TextCheck {
    /// Messages in messages; none of ours has types that contain themselves.
    private static let depthMax = 32

    /// The name of a field whose text is wrong; nil: there is none, or the bytes are no message.
    static func firstWrongField(
        _ bytes: UnsafeRawBufferPointer, _ type: UnsafePointer<ProtobufCMessageDescriptor>
    ) -> String? {
        hasText(type) ? wrongField(bytes[...], type, depthMax) : nil
    }

    /// Whether messages of a type have texts, or have messages that do. Asked anew each time: types
    /// have few fields, and looking one up costs as much as going through them.
    private static func hasText(
        _ type: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int = depthMax
    ) -> Bool {
        guard depth > 0 else { return true }
        let fields = UnsafeBufferPointer(
            start: type.pointee.fields, count: Int(type.pointee.n_fields))
        return fields.contains { field in
            switch field.type {
            case PROTOBUF_C_TYPE_STRING: true
            case PROTOBUF_C_TYPE_MESSAGE:
                message(field).map { hasText($0, depth: depth - 1) } ?? false
            default: false
            }
        }
    }

    private static func message(
        _ field: ProtobufCFieldDescriptor
    ) -> UnsafePointer<ProtobufCMessageDescriptor>? {
        field.descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
    }

    private static func wrongField(
        _ bytes: Slice<UnsafeRawBufferPointer>, _ type: UnsafePointer<ProtobufCMessageDescriptor>,
        _ depth: Int
    ) -> String? {
        guard depth > 0 else { return String(cString: type.pointee.name) }
        var rest = bytes
        while let key = varint(&rest) {
            switch key & 7 {
            case 0: guard varint(&rest) != nil else { return nil }
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            case 2:
                guard let count = varint(&rest), count <= UInt64(rest.count) else {
                    return nil
                }
                let value = rest.prefix(Int(count))
                rest = rest.dropFirst(Int(count))
                if let name = wrongField(value, type, field: key >> 3, depth) { return name }
            default: return nil
            }
        }
        return nil
    }

    private static func wrongField(
        _ value: Slice<UnsafeRawBufferPointer>, _ type: UnsafePointer<ProtobufCMessageDescriptor>,
        field id: UInt64, _ depth: Int
    ) -> String? {
        guard id <= UInt64(UInt32.max),
            let field = protobuf_c_message_descriptor_get_field(type, UInt32(id))?.pointee
        else { return nil }
        switch field.type {
        case PROTOBUF_C_TYPE_STRING:
            return isText(value) ? nil : String(cString: field.name)
        case PROTOBUF_C_TYPE_MESSAGE:
            guard let inner = message(field), hasText(inner) else { return nil }
            return wrongField(value, inner, depth - 1)
        default: return nil
        }
    }

    private static func isText(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        var isASCII = true
        for byte in bytes {
            if byte == 0 { return false }
            if byte > 0x7F { isASCII = false }
        }
        return isASCII || String(validating: bytes, as: UTF8.self) != nil
    }

    private static func varint(_ rest: inout Slice<UnsafeRawBufferPointer>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
