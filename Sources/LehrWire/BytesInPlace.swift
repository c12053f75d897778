import CLehrWire

/// Large `bytes` fields that stay where they are in the encoded message.
///
/// protobuf-c copies each field that it reads, which for bulk data, such as rows and gradients, is as
/// much work as putting the message together. So protobuf-c is given the message without them, and
/// what it makes of that is then pointed to where they are.
///
/// Everything is copied, as ever, when large fields are less than half of a message, when a field
/// comes twice in it or in a large part of it, and when there are very many fields. Repeated `bytes`
/// and those that share their place with others (`oneof`) are copied always.
struct BytesInPlace {
    /// Fields from this size on stay: to copy less costs less than the detour.
    static let bytesMin = 16 << 10

    private let whole: UnsafeRawBufferPointer
    private let type: MessageType
    private let walk: Walk
    /// Of all fields that stay.
    let byteCount: Int

    /// nil: everything is to be copied.
    init?(_ bytes: UnsafeRawBufferPointer, _ type: MessageType, bytesMin: Int) {
        whole = bytes
        self.type = type
        walk = Walk(bytesMin: bytesMin, depth: MessageType.depthMax)
        guard let count = walk.largeBytes(bytes[...], type), count > 0, 2 * count >= bytes.count
        else { return nil }
        byteCount = count
    }

    /// The message with every large field empty.
    func emptied() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(whole.count - byteCount)
        walk.empty(whole[...], type, into: &output)
        return output
    }

    /// Points the message that was read from `emptied` to the large fields.
    func restore(_ message: UnsafeMutableRawPointer) {
        walk.restore(message, whole[...], type)
    }
}

/// A large field, or a large message in which there may be some.
private struct Large {
    let field: ProtobufCFieldDescriptor
    let content: EncodedBytes
    /// Fields of the same number before it.
    let earlier: Int
}

/// Through the fields of a message and, one level deeper each time, of the large messages in it.
private struct Walk {
    let bytesMin: Int
    let depth: Int

    private var inner: Walk { Walk(bytesMin: bytesMin, depth: depth - 1) }

    /// The bytes of all large fields; nil: it cannot be told what protobuf-c would make of them.
    func largeBytes(_ bytes: EncodedBytes, _ type: MessageType) -> Int? {
        var count = 0
        let isClear = visit(bytes, type) { _, large in
            guard let large else { return true }
            guard let type = large.field.message else {
                count += large.content.count
                return true
            }
            guard let more = inner.largeBytes(large.content, type) else { return false }
            count += more
            return true
        }
        return isClear ? count : nil
    }

    func empty(_ bytes: EncodedBytes, _ type: MessageType, into output: inout [UInt8]) {
        _ = visit(bytes, type) { encoded, large in
            guard let large else {
                output.append(contentsOf: encoded.whole)
                return true
            }
            var content: [UInt8] = []
            if let type = large.field.message { inner.empty(large.content, type, into: &content) }
            output.append(contentsOf: encoded.key)
            FieldWriter.append(varint: UInt64(content.count), to: &output)
            output.append(contentsOf: content)
            return true
        }
    }

    func restore(
        _ message: UnsafeMutableRawPointer, _ bytes: EncodedBytes, _ type: MessageType
    ) {
        typealias Pointer = UnsafeMutableRawPointer
        _ = visit(bytes, type) { _, large in
            guard let large else { return true }
            let place = message + Int(large.field.offset)
            if let type = large.field.message {
                let slot =
                    large.field.isRepeated
                    ? place.load(as: Pointer.self) + large.earlier * MemoryLayout<Pointer>.stride
                    : place
                inner.restore(slot.load(as: Pointer.self), large.content, type)
            } else {
                let content = UnsafeMutableRawBufferPointer(
                    mutating: UnsafeRawBufferPointer(rebasing: large.content))
                place.storeBytes(
                    of: ProtobufCBinaryData(
                        len: content.count,
                        data: content.assumingMemoryBound(to: UInt8.self).baseAddress),
                    as: ProtobufCBinaryData.self)
            }
            return true
        }
    }

    /// Calls `body` with each field until it returns false. Also false when the bytes are none, when a
    /// field comes twice that should not, and beyond a number of fields that only a message of
    /// millions of tiny ones has.
    private func visit(
        _ bytes: EncodedBytes, _ type: MessageType, _ body: (EncodedFields.Field, Large?) -> Bool
    ) -> Bool {
        guard depth > 0 else { return false }
        var counts = [Int](repeating: 0, count: type.fields.count)
        var left = 1024 + bytes.count / 64
        var end = bytes.startIndex
        for encoded in EncodedFields(bytes) {
            left -= 1
            end = encoded.whole.endIndex
            guard left > 0 else { return false }
            var large: Large?
            if let content = encoded.content, let position = type.position(of: encoded.number) {
                let field = type.fields[position]
                let earlier = counts[position]
                counts[position] += 1
                // Of two messages one is made, and of bytes the last count.
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
