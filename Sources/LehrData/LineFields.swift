import Glibc
import LehrCore

let tab = UInt8(ascii: "\t")

/// Walks over the fields of a line at a one-byte separator; two separators in a row enclose an
/// empty field.
struct FieldCursor {
    private let line: UnsafeRawBufferPointer
    private let separator: UInt8
    /// Where the next field starts; `line.count + 1` when the last was returned.
    private var position = 0

    init(_ line: UnsafeRawBufferPointer, separator: UInt8 = tab) {
        self.line = line
        self.separator = separator
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard position <= line.count else { return nil }
        let first = position
        var last = first
        while last < line.count, line[last] != separator { last += 1 }
        position = last + 1
        return UnsafeRawBufferPointer(rebasing: line[first..<last])
    }

    /// The key of the next field, which must be there and not be empty.
    mutating func key(_ expected: String) throws(LineProblem) -> UInt64 {
        let field = next()
        guard let field, !field.isEmpty else {
            throw LineProblem(expected: expected, found: field)
        }
        return fieldKey(field)
    }
}

/// Walks over the words of a line; runs of spaces and tabs separate them.
struct WordCursor {
    private let line: UnsafeRawBufferPointer
    private var position = 0

    init(_ line: UnsafeRawBufferPointer) { self.line = line }

    mutating func next() -> UnsafeRawBufferPointer? {
        while position < line.count, isBlank(line[position]) { position += 1 }
        guard position < line.count else { return nil }
        let first = position
        while position < line.count, !isBlank(line[position]) { position += 1 }
        return UnsafeRawBufferPointer(rebasing: line[first..<position])
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == tab }
}

/// `featureKey` of a field, with a short way for the usual case: up to 19 decimal digits, which
/// cannot overflow.
func fieldKey(_ field: UnsafeRawBufferPointer) -> UInt64 {
    guard (1...19).contains(field.count) else { return featureKey(field) }
    var number: UInt64 = 0
    for byte in field {
        let digit = UInt64(byte &- 48)
        guard digit < 10 else { return featureKey(field) }
        number = number &* 10 &+ digit
    }
    return number
}

/// A finite decimal number such as `3`, `-0.25` or `1e-3`; nil for anything else, such as `nan`,
/// a hexadecimal number or one with blanks around it.
func decimalNumber(_ field: UnsafeRawBufferPointer) -> Double? {
    // The usual weight is a short integer.
    if field.count == 1, field[0] &- 48 < 10 { return Double(field[0] &- 48) }
    guard field.count <= 63, hasDecimalSyntax(field) else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
        for (index, byte) in field.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[field.count] = 0
        guard let base = text.baseAddress else { return nil }
        let value = strtod(base, nil)
        return value.isFinite ? value : nil
    }
}

/// Whether `field` reads `[+-] digits [. digits] [e [+-] digits]` with a digit before the exponent.
private func hasDecimalSyntax(_ field: UnsafeRawBufferPointer) -> Bool {
    var position = 0
    func skip(_ first: UInt8, _ second: UInt8) -> Bool {
        guard position < field.count, field[position] == first || field[position] == second
        else { return false }
        position += 1
        return true
    }
    func digits() -> Int {
        let first = position
        while position < field.count, (48...57).contains(field[position]) { position += 1 }
        return position - first
    }
    _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
    var count = digits()
    if skip(UInt8(ascii: "."), UInt8(ascii: ".")) { count += digits() }
    guard count > 0 else { return false }
    if skip(UInt8(ascii: "e"), UInt8(ascii: "E")) {
        _ = skip(UInt8(ascii: "+"), UInt8(ascii: "-"))
        guard digits() > 0 else { return false }
    }
    return position == field.count
}
