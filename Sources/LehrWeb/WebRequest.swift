/// One HTTP request, whole, as a handler sees it.
package struct WebRequest: Sendable {
    /// In capitals: `GET`, `POST`, ...
    package var method: String
    /// The path before the `?`, still percent-encoded.
    package var path: String
    /// What the captures of the matched route stand for, percent-decoded.
    package var parameters: [String: String]
    /// The query's fields, percent-decoded; of a repeated field the last counts.
    package var query: [String: String]
    /// Lower-case names; values of a repeated field are joined by `, `.
    package var headers: [String: String]
    /// At most `WebLimits.bodyBytes` long.
    package var body: [UInt8]

    package init(
        method: String, path: String, parameters: [String: String] = [:],
        query: [String: String] = [:], headers: [String: String] = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// Splits a request target (`/path?name=value&name=value`) into its path and query.
    ///
    /// Returns nil when the query has a broken percent escape or is not UTF-8.
    package init?(method: String, target: String, headers: [String: String], body: [UInt8]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: method, path: parts.first.map(String.init) ?? "/", headers: headers, body: body)
        guard parts.count == 2 else { return }
        for field in parts[1].split(separator: "&") {
            let pair = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(pair[0], plusIsSpace: true),
                let value = percentDecoded(pair.count == 2 ? pair[1] : "", plusIsSpace: true)
            else { return nil }
            query[name] = value
        }
    }
}

/// `text` with `%41` turned into `A`; nil for a broken escape or bytes that are not UTF-8.
func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit)
            else { return nil }
            bytes.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
        default: bytes.append(byte)
        }
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
