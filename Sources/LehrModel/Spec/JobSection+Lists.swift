import LehrYAML

extension JobSection {
    /// The mappings of a list of 1 to `limit`; empty where there is none, which is a problem.
    func sections(_ key: String, limit: Int) -> [JobSection] {
        guard let node = value(key) else {
            report(key, "missing; expected a list of 1 to \(limit)")
            return []
        }
        guard let sequence = node.sequence, (1...limit).contains(sequence.count) else {
            refuse(key, expected: "a list of 1 to \(limit)", node)
            return []
        }
        return sequence.enumerated().map { index, node in
            JobSection(node, path: "\(keyPath(key))[\(index)]", problems: problems)
        }
    }

    /// A list of `count` numbers; nil where there is none, or a problem was reported.
    func numbers(_ key: String, in range: ClosedRange<Double>, count: Int) -> [Double]? {
        let expected =
            "a list of \(count) numbers from \(range.lowerBound) to \(range.upperBound), "
            + "one for each partition"
        return list(key, count: count, expected: expected) { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A list of `count` words, as `numbers`; `expected` says what they are.
    func words(_ key: String, count: Int, expected: String) -> [String]? {
        list(key, count: count, expected: "a list of \(count) \(expected), one for each partition")
        {
            $0.isEmpty || $0.utf8.count > 300 ? nil : $0
        }
    }

    private func list<Value>(
        _ key: String, count: Int, expected: String, _ parse: (String) -> Value?
    ) -> [Value]? {
        guard let node = value(key) else { return nil }
        guard let sequence = node.sequence, sequence.count == count else {
            if let sequence = node.sequence {
                report(key, "expected \(expected), found \(sequence.count)")
            } else {
                refuse(key, expected: expected, node)
            }
            return nil
        }
        var values: [Value] = []
        for element in sequence {
            guard let text = element.text, let value = parse(text) else {
                refuse(key, expected: expected, element)
                return nil
            }
            values.append(value)
        }
        return values
    }

    /// A whole number with one of `units` behind it; reports one that is missing.
    func amount(_ key: String, units: [(name: String, factor: Double)], example: String) -> Double {
        let expected =
            "a whole number above 0 with one of " + units.map(\.name).joined(separator: ", ")
            + ", such as \(example)"
        guard let node = value(key) else {
            report(key, "missing; expected \(expected)")
            return 1
        }
        guard let text = node.text else {
            refuse(key, expected: expected, node)
            return 1
        }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let name = text.dropFirst(digits.count)
        guard let number = Int(digits), (1...1 << 40).contains(number),
            let unit = units.first(where: { $0.name == name })
        else {
            refuse(key, expected: expected, node)
            return 1
        }
        return Double(number) * unit.factor
    }

    /// A whole number that has to be given.
    func required(_ key: String, in range: ClosedRange<Int>) -> Int {
        guard has(key) else {
            report(
                key,
                "missing; expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return range.lowerBound
        }
        return integer(key, in: range, default: range.lowerBound)
    }
}
