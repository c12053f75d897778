import FoundationEssentials
import Glibc

/// How quantities are written for people.
enum Formatting {
    /// `1234567` as `1,234,567`.
    static func count(_ value: some BinaryInteger) -> String {
        var digits = Array("\(value)")
        var index = digits.count - 3
        while index > (value < 0 ? 1 : 0) {
            digits.insert(",", at: index)
            index -= 3
        }
        return String(digits)
    }

    /// With `digits` places behind the point.
    static func decimal(_ value: Double, _ digits: Int) -> String {
        // No number of 64 bits has more than 309 digits before the point.
        var text = [CChar](repeating: 0, count: 320 + digits)
        withVaList([Int32(digits), value]) { _ = vsnprintf(&text, text.count, "%.*f", $0) }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// `0.5` as `50.0 %`.
    static func percent(_ value: Double) -> String { "\(decimal(100 * value, 1)) %" }

    /// As below; what is more than 2^64 - 1 is written as that.
    static func bytes(rounding value: Double) -> String {
        bytes(value < 0x1p64 ? UInt64(max(value, 0)) : .max)
    }

    /// Bytes in the largest binary unit, such as `12.3 MiB`.
    static func bytes(_ value: UInt64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var amount = Double(value)
        var unit = 0
        while amount >= 1024, unit < units.count - 1 {
            amount /= 1024
            unit += 1
        }
        return unit == 0 ? "\(value) B" : "\(decimal(amount, 1)) \(units[unit])"
    }

    /// `75` seconds as `1m15s`.
    static func time(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0 else { return "?" }
        let whole = Int(seconds.rounded())
        if whole >= 3600 { return "\(whole / 3600)h\(whole % 3600 / 60)m" }
        if whole >= 60 { return "\(whole / 60)m\(whole % 60)s" }
        return seconds < 10 ? "\(decimal(seconds, 1))s" : "\(whole)s"
    }

    /// A value as JSON for programs, keys sorted and in snake case.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .custom { path in
            SnakeCaseKey(stringValue: path.last?.stringValue ?? "")
        }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// The same on one line.
    static func jsonLine(_ value: some Encodable) throws -> String {
        try json(value).split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }
}
