import LehrRPC

/// Values of one role's settings, from four layers: flag over environment over file over default.
///
/// Reading records where each value came from and every problem; `finish` reports them all at once.
struct ConfigReader {
    /// Where a value came from.
    enum Source: Equatable, CustomStringConvertible {
        case flag
        case environment(String)
        case file(String)
        case standard

        var description: String {
            switch self {
            case .flag: "flag"
            case .environment(let name): "environment \(name)"
            case .file(let path): "file \(path)"
            case .standard: "default"
            }
        }
    }

    /// One setting as it was resolved.
    struct Entry: Equatable {
        let key: String
        let value: String
        let source: Source
    }

    private let flags: [String: String]
    private let environment: [String: String]
    private let file: ConfigFile
    private(set) var entries: [Entry] = []
    private(set) var problems: [String] = []

    init(flags: [String: String?], environment: [String: String], file: ConfigFile) {
        self.flags = flags.compactMapValues { $0 }
        self.environment = environment
        self.file = file
    }

    /// `LEHR_` and the key in capitals with underscores, as `LEHR_HTTP_LISTEN`.
    static func environmentName(of key: String) -> String {
        "LEHR_" + key.uppercased().replacing("-", with: "_")
    }

    // MARK: - Values

    mutating func text(_ key: String, default standard: String) -> String {
        resolve(key, standard) { $0 }
    }

    /// `HOST:PORT`, port 0 to 65535.
    mutating func address(_ key: String, default standard: String) -> String {
        resolve(key, standard, expected: "HOST:PORT, such as 127.0.0.1:7100") { text in
            (try? HostPort(text)).map { _ in text }
        } ?? standard
    }

    /// As `AdvertisedAddress`; empty is the default, and nil.
    mutating func advertisedAddress(_ key: String) -> AdvertisedAddress? {
        let found: AdvertisedAddress?? = resolve(
            key, "",
            expected: "HOST or HOST:PORT by which others reach this process, such as shard-0 or "
                + "[fd00::1]:7200"
        ) { text in text.isEmpty ? .some(nil) : AdvertisedAddress(text).map { .some($0) } }
        return found ?? nil
    }

    mutating func integer(
        _ key: String, in range: ClosedRange<Int>, default standard: Int
    ) -> Int {
        resolve(
            key, "\(standard)",
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } } ?? standard
    }

    /// `500ms`, `10s`, `5m`.
    mutating func duration(
        _ key: String, in range: ClosedRange<Duration>, default standard: String
    ) -> Duration {
        resolve(
            key, standard,
            expected: "a time from \(range.lowerBound) to \(range.upperBound), as 10s"
        ) { text in
            Self.duration(text).flatMap { range.contains($0) ? $0 : nil }
        } ?? range.lowerBound
    }

    /// Bytes: `512MiB`, `2GiB`, `65536`.
    mutating func bytes(_ key: String, default standard: String) -> Int {
        resolve(key, standard, expected: "a size, such as 512MiB") { Self.bytes($0) } ?? 0
    }

    /// As above, of at least `minimum`; `reason` says why so much.
    mutating func bytes(
        _ key: String, atLeast minimum: Int, _ reason: String, default standard: String
    ) -> Int {
        resolve(
            key, standard,
            expected: "a size of at least \(minimum >> 20)MiB (\(reason)), such as 512MiB"
        ) { text in Self.bytes(text).flatMap { $0 >= minimum ? $0 : nil } } ?? minimum
    }

    mutating func choice(_ key: String, of choices: [String], default standard: String) -> String {
        resolve(key, standard, expected: "one of \(choices.joined(separator: ", "))") { text in
            choices.contains(text) ? text : nil
        } ?? standard
    }

    /// Every problem, also of keys in the file that nothing has asked for.
    mutating func finish() throws(ConfigError) {
        let known = entries.map(\.key)
        for key in file.values.keys.sorted() where !known.contains(key) {
            problems.append(
                "\(file.path): unknown key \"\(key)\"; allowed: "
                    + known.joined(separator: ", "))
        }
        guard problems.isEmpty else { throw ConfigError(problems: problems) }
    }

    /// Takes note of a problem that is not one of a single value's form.
    mutating func note(_ problem: String) { problems.append(problem) }

    // MARK: - Layers

    private mutating func resolve(
        _ key: String, _ standard: String, _ parse: (String) -> String
    ) -> String {
        let (text, source) = lookUp(key) ?? (standard, .standard)
        entries.append(Entry(key: key, value: text, source: source))
        return parse(text)
    }

    private mutating func resolve<Value>(
        _ key: String, _ standard: String, expected: String, _ parse: (String) -> Value?
    ) -> Value? {
        let (text, source) = lookUp(key) ?? (standard, .standard)
        entries.append(Entry(key: key, value: text, source: source))
        if let value = parse(text) { return value }
        problems.append("\(key): expected \(expected), found \"\(text)\" (\(source))")
        return nil
    }

    private func lookUp(_ key: String) -> (String, Source)? {
        if let flag = flags[key] { return (flag, .flag) }
        let name = Self.environmentName(of: key)
        if let value = environment[name] { return (value, .environment(name)) }
        return file.values[key].map { ($0, .file(file.path)) }
    }

    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isNumber }
        guard let number = Int64(digits), number <= 1_000_000_000 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s", "": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber }
        let shifts = ["": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40]
        guard let number = Int(digits), let shift = shifts[String(text.dropFirst(digits.count))]
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
        return overflow ? nil : bytes
    }
}

/// Everything that is wrong with a configuration.
struct ConfigError: Error, Equatable, CustomStringConvertible {
    let problems: [String]

    var description: String {
        (["the configuration has \(problems.count == 1 ? "a problem" : "problems"):"]
            + problems.map { "  " + $0 }).joined(separator: "\n")
    }
}
