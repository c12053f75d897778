/// Writes the Prometheus text exposition format 0.0.4.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private(set) var bytes: [UInt8] = []

    /// Starts a family: its help and its type, before any of its samples.
    mutating func family(_ name: String, kind: Kind, help: String) {
        append("# HELP \(name) ")
        append(Self.escaped(help, quote: false))
        append("\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// One sample; `labels` is rendered already (`LabelSet`), without braces.
    mutating func sample(_ name: String, labels: String, value: Double) {
        append(name)
        if !labels.isEmpty { append("{\(labels)}") }
        append(" \(Self.number(value))\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Whole numbers without a fraction, the rest in Swift's shortest round-trip form.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? "\(value)"
    }

    /// Escapes a label's value (with `quote`) or a help text (without).
    static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
