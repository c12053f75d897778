/// A part of an encoded message.
typealias EncodedBytes = Slice<UnsafeRawBufferPointer>

/// The fields of an encoded message in their order, not decoded; they end early where the bytes are
/// none.
///
/// Where they end early protobuf-c refuses the message, whose bounds are these; it refuses more, such
/// as most fields of the number 0.
struct EncodedFields: Sequence, IteratorProtocol {
    struct Field {
        let number: UInt32
        /// All of it, from the key on.
        let whole: EncodedBytes
        /// Bytes of `whole` that its key takes.
        let keyCount: Int
        /// The content of a text, of bytes or of a message; nil for a number.
        let content: EncodedBytes?

        var key: EncodedBytes { whole.prefix(keyCount) }
    }

    private var rest: EncodedBytes

    /// Bytes of a key, and of the length of a content.
    private static let keyBytesMax = 5
    /// Bytes of a number.
    private static let numberBytesMax = 10

    init(_ bytes: EncodedBytes) { rest = bytes }

    mutating func next() -> Field? {
        var after = rest
        guard let key = Self.varint(&after, Self.keyBytesMax) else { return nil }
        let keyCount = after.startIndex - rest.startIndex
        var content: EncodedBytes?
        switch key & 7 {
        case 0: guard Self.varint(&after, Self.numberBytesMax) != nil else { return nil }
        case 1: guard Self.take(8, &after) != nil else { return nil }
        case 5: guard Self.take(4, &after) != nil else { return nil }
        case 2:
            guard let count = Self.varint(&after, Self.keyBytesMax) else { return nil }
            content = Self.take(count, &after)
            guard content != nil else { return nil }
        default: return nil
        }
        let whole = rest[rest.startIndex..<after.startIndex]
        rest = after
        return Field(
            number: UInt32(truncatingIfNeeded: key >> 3), whole: whole, keyCount: keyCount,
            content: content)
    }

    private static func take(_ count: UInt64, _ rest: inout EncodedBytes) -> EncodedBytes? {
        guard count <= UInt64(rest.count) else { return nil }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }

    private static func varint(_ rest: inout EncodedBytes, _ bytesMax: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in 0..<UInt64(bytesMax) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << (7 * index)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
