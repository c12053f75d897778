/// A protobuf message by hand: the fields of a few numbers, so that tests need no generated code.
struct ProtoFields {
    private var numbers: [(field: Int, value: UInt64)] = []
    private var texts: [(field: Int, value: [UInt8])] = []

    init() {}

    /// Reads what is well-formed and stops at what is not.
    init(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while let key = Self.number(&rest) {
            guard let value = Self.number(&rest) else { return }
            if key & 7 == 0 {
                numbers.append((Int(key >> 3), value))
            } else {
                guard key & 7 == 2, value <= rest.count else { return }
                texts.append((Int(key >> 3), Array(rest.prefix(Int(value)))))
                rest = rest.dropFirst(Int(value))
            }
        }
    }

    func number(_ field: Int) -> Int { Int(numbers.last { $0.field == field }?.value ?? 0) }
    func bytes(_ field: Int) -> [UInt8] { texts.last { $0.field == field }?.value ?? [] }
    func text(_ field: Int) -> String { String(decoding: bytes(field), as: UTF8.self) }
    func message(_ field: Int) -> ProtoFields { ProtoFields(bytes(field)) }
    func messages(_ field: Int) -> [ProtoFields] {
        texts.filter { $0.field == field }.map { ProtoFields($0.value) }
    }

    mutating func add(_ field: Int, _ value: Int) { numbers.append((field, UInt64(value))) }
    mutating func add(_ field: Int, _ value: [UInt8]) { texts.append((field, value)) }
    mutating func add(_ field: Int, _ value: ProtoFields) { add(field, value.encoded) }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for (field, value) in numbers {
            bytes += Self.varint(UInt64(field) << 3) + Self.varint(value)
        }
        for (field, value) in texts {
            bytes += Self.varint(UInt64(field) << 3 | 2) + Self.varint(UInt64(value.count))
            bytes += value
        }
        return bytes
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var (value, bytes) = (value, [UInt8]())
        while value > 127 {
            bytes.append(UInt8(value & 127) | 128)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        return nil
    }
}
