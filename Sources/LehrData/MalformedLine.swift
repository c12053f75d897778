/// A line that does not say what its format promises.
package struct MalformedLine: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    /// From 1.
    package let line: Int
    package let expected: String
    /// The offending text, clipped and escaped.
    package let found: String

    package init(file: String, line: Int, expected: String, found: String) {
        self.file = file
        self.line = line
        self.expected = expected
        self.found = found
    }

    package var description: String { "\(file):\(line): expected \(expected), found \(found)" }
}

/// How many malformed lines a file may have before reading it fails.
package struct MalformedLinePolicy: Hashable, Sendable {
    package var tolerated: Int

    package init(tolerated: Int) {
        precondition(tolerated >= 0, "a number of tolerated lines is not negative")
        self.tolerated = tolerated
    }

    /// Ten lines a file: a torn line or two do not cost a night's run, a wrong format does.
    package static let standard = MalformedLinePolicy(tolerated: 10)
    /// The first malformed line fails the read.
    package static let strict = MalformedLinePolicy(tolerated: 0)
}

/// Counts the malformed lines of one file against its policy.
struct MalformedLineCounter {
    let policy: MalformedLinePolicy
    private(set) var count = 0
    private(set) var last: MalformedLine?

    init(policy: MalformedLinePolicy) { self.policy = policy }

    /// Takes note of a problem; throws it when it is one more than the policy tolerates.
    mutating func record(
        _ problem: LineProblem, file: String, line: Int
    ) throws(DataError) {
        let malformed = MalformedLine(
            file: file, line: line, expected: problem.expected, found: problem.found)
        guard count < policy.tolerated else {
            throw .malformed(malformed, tolerated: policy.tolerated)
        }
        count += 1
        last = malformed
    }
}

/// What a parser found wrong with a line, before the file and line number are known.
struct LineProblem: Error, Equatable {
    let expected: String
    let found: String

    init(expected: String, found: UnsafeRawBufferPointer?) {
        self.expected = expected
        self.found = found.map(quoted) ?? "the end of the line"
    }

    init(expected: String, foundText: String) {
        self.expected = expected
        found = foundText
    }
}

/// `bytes` for a person: in quotes, at most 60 bytes, everything but printable ASCII as `\xNN`.
func quoted(_ bytes: UnsafeRawBufferPointer) -> String {
    let limit = 60
    var text = "\""
    for byte in bytes.prefix(limit) {
        switch byte {
        case 9: text += "\\t"
        case 34, 92: text += "\\" + String(UnicodeScalar(byte))
        case 32...126: text.unicodeScalars.append(UnicodeScalar(byte))
        default:
            let hex = String(byte, radix: 16)
            text += hex.count == 1 ? "\\x0" + hex : "\\x" + hex
        }
    }
    return text + (bytes.count > limit ? "\"..." : "\"")
}
