import CLehrWire

typealias MessageType = UnsafePointer<ProtobufCMessageDescriptor>

extension MessageType {
    var fields: UnsafeBufferPointer<ProtobufCFieldDescriptor> {
        UnsafeBufferPointer(start: pointee.fields, count: Int(pointee.n_fields))
    }

    /// The position among `fields` of the one with a number.
    func position(of number: UInt32) -> Int? {
        protobuf_c_message_descriptor_get_field(self, number).map { $0 - pointee.fields }
    }

    /// Whether the type, or one of a message in it, has a field of `kind`. Asked anew each time: types
    /// have few fields, and looking the answer up costs as much.
    func has(_ kind: ProtobufCType, depth: Int = Self.depthMax) -> Bool {
        guard depth > 0 else { return true }
        return fields.contains { field in
            field.type == kind
                || field.type == PROTOBUF_C_TYPE_MESSAGE
                    && (field.message?.has(kind, depth: depth - 1) ?? false)
        }
    }

    /// Messages in messages; none of ours has types that contain themselves.
    static var depthMax: Int { 32 }
}

extension ProtobufCFieldDescriptor {
    /// The type of a field of messages.
    var message: MessageType? {
        guard type == PROTOBUF_C_TYPE_MESSAGE else { return nil }
        return descriptor?.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
    }

    var isRepeated: Bool { label == PROTOBUF_C_LABEL_REPEATED }

    /// One of several fields that share their place.
    var isAlternative: Bool { flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 }
}
