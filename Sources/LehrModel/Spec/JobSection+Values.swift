import LehrYAML

extension JobSection {
    /// Text of 1 to `limit` bytes; a problem when it is absent.
    func text(_ key: String, limit: Int = 4096) -> String {
        guard let node = value(key) else {
            report(key, "missing; expected text")
            return ""
        }
        guard let text = node.text, (1...limit).contains(text.utf8.count) else {
            refuse(key, expected: "text of 1 to \(limit) bytes", node)
            return ""
        }
        return text
    }

    func integer(_ key: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
        guard let node = value(key) else { return standard }
        guard let text = node.text, let number = Int(text), range.contains(number) else {
            refuse(
                key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
                node)
            return standard
        }
        return number
    }

    /// Partitions of a table: a power of two from `least` on.
    func powerOfTwo(_ key: String, from least: Int, default standard: Int) -> Int {
        let range = least...JobSpec.partitionsMax
        let count = integer(key, in: range, default: standard)
        guard count.nonzeroBitCount == 1 else {
            report(
                key,
                "expected a power of two from \(range.lowerBound) to \(range.upperBound), found "
                    + "\"\(count)\"")
            return standard
        }
        return count
    }

    /// A whole number from 0 to 2^64 - 1.
    func seed(_ key: String, default standard: UInt64) -> UInt64 {
        guard let node = value(key) else { return standard }
        guard let text = node.text, let number = UInt64(text) else {
            refuse(key, expected: "a whole number from 0 to \(UInt64.max)", node)
            return standard
        }
        return number
    }

    func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ key: String, in range: ClosedRange<Number>, default standard: Number
    ) -> Number {
        guard let node = value(key) else { return standard }
        guard let text = node.text, let number = Number(text), range.contains(number) else {
            refuse(
                key, expected: "a number from \(range.lowerBound) to \(range.upperBound)", node)
            return standard
        }
        return number
    }

    func flag(_ key: String, default standard: Bool) -> Bool {
        guard let node = value(key) else { return standard }
        guard let text = node.text, let flag = Bool(text) else {
            refuse(key, expected: "true or false", node)
            return standard
        }
        return flag
    }

    /// One of the raw values of `Choice`.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, default standard: Choice
    ) -> Choice {
        let names = Choice.allCases.map(\.rawValue)
        guard let name = word(key, among: names) else { return standard }
        return Choice(rawValue: name) ?? standard
    }

    /// One of `names`; nil when the key is absent, or when a problem was reported.
    func word(_ key: String, among names: [String]) -> String? {
        guard let node = value(key) else { return nil }
        guard let text = node.text, names.contains(text) else {
            var expected = "one of \(names.joined(separator: ", "))"
            if let text = node.text, let hint = closest(to: text, among: names) {
                expected = "one of \(names.joined(separator: ", ")) (perhaps \(hint))"
            }
            refuse(key, expected: expected, node)
            return nil
        }
        return text
    }

    /// A list of at most `limit` whole numbers; absent is empty.
    func integers(_ key: String, in range: ClosedRange<Int>, limit: Int) -> [Int] {
        guard let node = value(key) else { return [] }
        let expected =
            "a list of at most \(limit) whole numbers from \(range.lowerBound) to \(range.upperBound)"
        guard let sequence = node.sequence, sequence.count <= limit else {
            refuse(key, expected: expected, node)
            return []
        }
        var numbers: [Int] = []
        for element in sequence {
            guard let text = element.text, let number = Int(text), range.contains(number) else {
                refuse(key, expected: expected, element)
                return []
            }
            numbers.append(number)
        }
        return numbers
    }
}
