import CLehrWire

/// Large `bytes` fields that stay where they are in the encoded message.
///
/// protobuf-c copies each field that it reads. For bulk data, such as rows and gradients, that would be
/// half of what a message costs. So protobuf-c is given the message without them, and what it makes of
/// that is then pointed to where they are.
///
/// Fields that share their place with others (`oneof`), repeated ones, and all of a message in which a
/// field comes twice are copied, as ever.
enum BytesInPlace {
    /// Copying less costs less than the detour.
    static let bytesMin = 16 << 10
    /// Fields of one message; of more, such as of millions of empty ones, all is copied.
    private static let fieldsMax = 1 << 10

    /// The message with every large field empty; nil: it has none, or cannot be read like this.
    static func emptied(
        _ bytes: UnsafeRawBufferPointer, _ type: MessageType, from bytesMin: Int
    ) -> [UInt8]? {
        var emptied: [UInt8] = []
        var count = 0
        let walk = Walk(bytesMin: bytesMin, depth: MessageType.depthMax)
        guard walk.empty(bytes[...], type, into: &emptied, &count), count > 0 else { return nil }
        return emptied
    }

    /// Points a message that was read from what `emptied` made of `bytes` to the large fields.
    static func restore(
        _ message: UnsafeMutableRawPointer, from bytes: UnsafeRawBufferPointer, _ type: MessageType,
        from bytesMin: Int
    ) {
        Walk(bytesMin: bytesMin, depth: MessageType.depthMax).restore(message, bytes[...], type)
    }

    /// A large field.
    private struct Large {
        let field: ProtobufCFieldDescriptor
        let content: EncodedBytes
        /// Of the same field, in the same message.
        let earlier: Int
    }

    /// Through a message and, one level deeper each time, the large messages in it.
    private struct Walk {
        let bytesMin: Int
        let depth: Int

        var inner: Walk { Walk(bytesMin: bytesMin, depth: depth - 1) }

        /// False: the message is to be copied.
        func empty(
            _ bytes: EncodedBytes, _ type: MessageType, into output: inout [UInt8],
            _ count: inout Int
        ) -> Bool {
            visit(bytes, type) { encoded, large in
                guard let large else {
                    output.append(contentsOf: encoded.whole)
                    return true
                }
                output.append(contentsOf: encoded.key)
                guard let type = large.field.message else {
                    output.append(0)
                    count += 1
                    return true
                }
                var message: [UInt8] = []
                guard inner.empty(large.content, type, into: &message, &count) else { return false }
                FieldWriter.append(varint: UInt64(message.count), to: &output)
                output.append(contentsOf: message)
                return true
            }
        }

        func restore(
            _ message: UnsafeMutableRawPointer, _ bytes: EncodedBytes, _ type: MessageType
        ) {
            _ = visit(bytes, type) { _, large in
                guard let large else { return true }
                let place = message + Int(large.field.offset)
                if let type = large.field.message {
                    typealias Pointer = UnsafeMutableRawPointer
                    let slot =
                        large.field.isRepeated
                        ? place.load(as: Pointer.self) + large.earlier
                            * MemoryLayout<Pointer>.stride
                        : place
                    inner.restore(slot.load(as: Pointer.self), large.content, type)
                } else {
                    let content = UnsafeRawBufferPointer(rebasing: large.content)
                    place.storeBytes(
                        of: ProtobufCBinaryData(
                            len: content.count,
                            data: UnsafeMutablePointer(
                                mutating: content.assumingMemoryBound(to: UInt8.self).baseAddress)),
                        as: ProtobufCBinaryData.self)
                }
                return true
            }
        }

        /// Calls `body` with each field until it returns false; false also when it cannot be told
        /// what protobuf-c would make of them.
        private func visit(
            _ bytes: EncodedBytes, _ type: MessageType,
            _ body: (EncodedFields.Field, Large?) -> Bool
        ) -> Bool {
            guard depth > 0 else { return false }
            var counts = [Int](repeating: 0, count: type.fields.count)
            var (fieldCount, end) = (0, bytes.startIndex)
            for encoded in EncodedFields(bytes) {
                fieldCount += 1
                end = encoded.whole.endIndex
                guard fieldCount <= BytesInPlace.fieldsMax else { return false }
                var large: Large?
                if let content = encoded.content, let position = type.position(of: encoded.number) {
                    let field = type.fields[position]
                    let earlier = counts[position]
                    counts[position] += 1
                    // A message that comes twice is made one of both, and of bytes the last count.
                    guard earlier == 0 || field.isRepeated else { return false }
                    if content.count >= bytesMin, canStay(field) {
                        large = Large(field: field, content: content, earlier: earlier)
                    }
                }
                guard body(encoded, large) else { return false }
            }
            return end == bytes.endIndex
        }

        private func canStay(_ field: ProtobufCFieldDescriptor) -> Bool {
            guard !field.isAlternative else { return false }
            return field.type == PROTOBUF_C_TYPE_BYTES && !field.isRepeated
                || (field.message?.has(PROTOBUF_C_TYPE_BYTES) ?? false)
        }
    }
}
