import LehrCore

/// The value of a `grpc-timeout` header: at most eight digits and a unit.
enum GRPCTimeout {
    /// nil: the text is not a timeout.
    static func parse(_ text: UnsafeRawBufferPointer) -> Duration? {
        guard (2...9).contains(text.count) else { return nil }
        var value: Int64 = 0
        for byte in text.dropLast() {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        switch text[text.count - 1] {
        case UInt8(ascii: "H"): return .seconds(value * 3600)
        case UInt8(ascii: "M"): return .seconds(value * 60)
        case UInt8(ascii: "S"): return .seconds(value)
        case UInt8(ascii: "m"): return .milliseconds(value)
        case UInt8(ascii: "u"): return .microseconds(value)
        case UInt8(ascii: "n"): return .nanoseconds(value)
        default: return nil
        }
    }

    /// The text of a positive timeout in the finest unit that has room for it, rounded up.
    static func format(_ timeout: Duration) -> String {
        let nanoseconds = max(timeout.nanoseconds, 1)
        let units: [(size: Int64, name: String)] = [
            (1, "n"), (1000, "u"), (1_000_000, "m"), (1_000_000_000, "S"),
            (60_000_000_000, "M"), (3_600_000_000_000, "H"),
        ]
        for unit in units {
            // No overflow: the first unit whose quotient is short enough comes before it.
            let value = (nanoseconds - 1) / unit.size + 1
            if value <= 99_999_999 { return "\(value)\(unit.name)" }
        }
        return "99999999H"
    }
}
