import CLehrWire

/// Whether the `string` fields of an encoded message are what they must be.
///
/// proto3 wants UTF-8, and protobuf-c ends a text at its first NUL without a word, so that two readers
/// would see different texts; it checks neither. Of a message type without texts nothing is looked at.
enum TextCheck {
    /// The name of a field whose text is wrong; nil: there is none, or the bytes are no message.
    static func firstWrongField(_ bytes: UnsafeRawBufferPointer, _ type: MessageType) -> String? {
        wrongField(bytes[...], type, MessageType.depthMax)
    }

    private static func wrongField(
        _ bytes: EncodedBytes, _ type: MessageType, _ depth: Int
    ) -> String? {
        guard depth > 0 else { return String(cString: type.pointee.name) }
        guard type.has(PROTOBUF_C_TYPE_STRING) else { return nil }
        for field in EncodedFields(bytes) {
            guard let content = field.content, let position = type.position(of: field.number)
            else { continue }
            let known = type.fields[position]
            if known.type == PROTOBUF_C_TYPE_STRING {
                guard isText(content) else { return String(cString: known.name) }
            } else if let inner = known.message {
                if let name = wrongField(content, inner, depth - 1) { return name }
            }
        }
        return nil
    }

    private static func isText(_ bytes: EncodedBytes) -> Bool {
        var isASCII = true
        for byte in bytes {
            if byte == 0 { return false }
            if byte > 0x7F { isASCII = false }
        }
        return isASCII || String(validating: bytes, as: UTF8.self) != nil
    }
}
