/// Walks over the fields of an encoded message whose type it does not know.
package struct FieldReader {
    package enum Value: Equatable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(bytes) }

    /// The next field; nil: there are no more.
    package mutating func next() throws(WireError) -> (field: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        let field = Int(key >> 3 & 0x1FFF_FFFF)
        guard field > 0, key >> 32 == 0 else { throw Self.malformed }
        switch key & 7 {
        case 0: return (field, .number(try varint()))
        case 1: return (field, .number(try fixed(8)))
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else { throw Self.malformed }
            let bytes = rest.prefix(Int(count))
            rest = rest.dropFirst(bytes.count)
            return (field, .bytes(bytes))
        case 5: return (field, .number(try fixed(4)))
        default: throw Self.malformed
        }
    }

    private mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Self.malformed }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Self.malformed
    }

    private mutating func fixed(_ count: Int) throws(WireError) -> UInt64 {
        guard rest.count >= count else { throw Self.malformed }
        let bytes = rest.prefix(count)
        rest = rest.dropFirst(count)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static let malformed = WireError(message: "protobuf")
}

extension FieldReader.Value {
    /// The text of a field, which must be UTF-8.
    package func checkedText() throws(WireError) -> String {
        guard case .bytes(let bytes) = self, let text = String(validating: bytes, as: UTF8.self)
        else { throw WireError(message: "protobuf", reason: "a text is not UTF-8") }
        return text
    }

    /// The text of a field; of one that is a number, none.
    package var text: String {
        guard case .bytes(let bytes) = self else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writes a message field by field.
package struct FieldWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func append(_ field: Int, _ number: Int) {
        Self.append(varint: UInt64(field) << 3, to: &bytes)
        Self.append(varint: UInt64(bitPattern: Int64(number)), to: &bytes)
    }

    package mutating func append(_ field: Int, _ value: some Collection<UInt8>) {
        Self.append(varint: UInt64(field) << 3 | 2, to: &bytes)
        Self.append(varint: UInt64(value.count), to: &bytes)
        bytes.append(contentsOf: value)
    }

    static func append(varint number: UInt64, to bytes: inout [UInt8]) {
        var rest = number
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
