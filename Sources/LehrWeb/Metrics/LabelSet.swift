/// A series' labels in their rendered, canonical form: `code="200",model="films"`.
///
/// Names are sorted and made valid (`[a-zA-Z_][a-zA-Z0-9_]*`, never the reserved `le` or a leading
/// `__`); of a repeated name the last counts.
struct LabelSet: Hashable, Comparable {
    let text: String

    init(_ dimensions: [(String, String)]) {
        var values: [String: String] = [:]
        for (name, value) in dimensions { values[Self.name(name)] = value }
        text = values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(PrometheusText.escaped($0.value, quote: true))\"" }
            .joined(separator: ",")
    }

    static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    private static func name(_ text: String) -> String {
        let name = validMetricName(text).map { $0 == ":" ? "_" : $0 }
        let isReserved = name == ["l", "e"] || name.starts(with: ["_", "_"])
        return (isReserved ? "label_" : "") + String(name)
    }
}

/// `text` with each character that a metric's name cannot have turned into `_`.
func validMetricName(_ text: String) -> String {
    var name = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "a"..."z", "A"..."Z", "_", ":": name.unicodeScalars.append(scalar)
        case "0"..."9":
            if name.isEmpty { name = "_" }
            name.unicodeScalars.append(scalar)
        default: name.unicodeScalars.append("_")
        }
    }
    return name.isEmpty ? "_" : name
}
