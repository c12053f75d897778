/// Appends JSON to a byte buffer, in the order in which it is told.
///
/// Its callers write fields by name inside `object` and values inside `array`; commas take care of
/// themselves. Numbers that JSON cannot hold (infinities, NaN) become `null`.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// `{...}` as a value; `body` writes its fields.
    package mutating func object(_ body: (inout JSONWriter) -> Void) { enclosed("{", "}", body) }

    /// `[...]` as a value; `body` writes its elements.
    package mutating func array(_ body: (inout JSONWriter) -> Void) { enclosed("[", "]", body) }

    package mutating func value(_ text: String) {
        separate()
        quoted(text)
    }

    package mutating func value(_ flag: Bool) { token(flag ? "true" : "false") }
    package mutating func value(_ number: Int) { token(String(number)) }
    package mutating func value(_ number: UInt64) { token(String(number)) }
    package mutating func value(_ number: Float) { token(number.isFinite ? "\(number)" : "null") }
    package mutating func value(_ number: Double) { token(number.isFinite ? "\(number)" : "null") }

    package mutating func field(_ name: String, _ value: (inout JSONWriter) -> Void) {
        separate()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        value(&self)
    }

    package mutating func field(_ name: String, _ text: String) { field(name) { $0.value(text) } }
    package mutating func field(_ name: String, _ flag: Bool) { field(name) { $0.value(flag) } }
    package mutating func field(_ name: String, _ number: Int) { field(name) { $0.value(number) } }
    package mutating func field(_ name: String, _ number: UInt64) {
        field(name) { $0.value(number) }
    }
    package mutating func field(_ name: String, _ number: Float) {
        field(name) { $0.value(number) }
    }
    package mutating func field(_ name: String, _ number: Double) {
        field(name) { $0.value(number) }
    }

    /// Ends the document with a line feed, for the sake of terminals.
    package mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }

    private mutating func enclosed(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void
    ) {
        separate()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func token(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// Escapes what RFC 8259 demands: quotation mark, reverse solidus, and the control characters.
    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: (byte < 0x10 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
