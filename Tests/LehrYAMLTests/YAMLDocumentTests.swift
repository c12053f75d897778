import Testing

@testable import LehrYAML

@Suite struct YAMLDocumentTests {
    private static func root(_ text: String) throws -> YAMLNode {
        try #require(try YAMLDocument.root(of: text))
    }

    private static func problem(_ text: String) -> String? {
        do {
            _ = try YAMLDocument.root(of: text)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func readsMappingsSequencesAndScalars() throws {
        let root = try Self.root("a: 1\nb:\n  - x\n  - {y: 'z w'}\n# no value\nc:\n")
        #expect(root.mapping?.map(\.key.text) == ["a", "b", "c"])
        #expect(root["a"]?.text == "1")
        #expect(root["b"]?.sequence?.first?.text == "x")
        #expect(root["b"]?.sequence?.last?["y"]?.text == "z w")
        #expect(root["c"]?.isNull == true)
        #expect(root["d"] == nil)
    }

    @Test func knowsWhereAValueStands() throws {
        let text = "# ü\nfirst: one\nsecond:\n  third: \"zwölf\"  # why\n"
        let root = try Self.root(text)
        let value = try #require(root["second"]?["third"])
        #expect(value.line == 4)
        #expect(value.column == 9)
        let scalars = Array(text.unicodeScalars)[value.range]
        #expect(String(String.UnicodeScalarView(scalars)) == "\"zwölf\"")
    }

    @Test func aByteOrderMarkIsNoPartOfIt() throws {
        let text = "\u{FEFF}a: 1\r\nb: two\r\n"
        let value = try #require(try Self.root(text)["b"])
        #expect(String(String.UnicodeScalarView(Array(text.unicodeScalars)[value.range])) == "two")
    }

    @Test(arguments: [("~", true), ("null", true), ("", true), ("'null'", false), ("nil", false)])
    func nullIsAPlainWord(text: String, isNull: Bool) throws {
        #expect(try Self.root("a: \(text)\n")["a"]?.isNull == isNull)
    }

    @Test func anEmptyTextHasNoRoot() throws {
        #expect(try YAMLDocument.root(of: "") == nil)
        #expect(try YAMLDocument.root(of: "# nothing\n") == nil)
    }

    @Test func aliasesAreUnfolded() throws {
        let root = try Self.root("a: &x [1, 2]\nb: *x\n")
        #expect(root["b"]?.sequence?.map(\.text) == ["1", "2"])
    }

    /// Copies of it could take all memory.
    @Test func aliasesShareWhatTheyStandFor() throws {
        let long = String(repeating: "y", count: 10_000)
        let root = try Self.root("a: &x \(long)\nb: [*x, *x]\n")
        let texts = [root["a"]] + (root["b"]?.sequence ?? [])
        #expect(texts.map { $0?.text } == [long, long, long])
        #expect(Set(texts.map { Self.address(of: $0?.text ?? "") }).count == 1)
    }

    private static func address(of text: String) -> UnsafePointer<UInt8>? {
        text.utf8.withContiguousStorageIfAvailable { $0.baseAddress } ?? nil
    }

    @Test func anAnchorMayBeGivenAgain() throws {
        let root = try Self.root("[&a x, *a, &a y, *a]")
        #expect(root.sequence?.map(\.text) == ["x", "x", "y", "y"])
    }

    @Test func whatIsWrongIsSaidWithItsLine() {
        #expect(Self.problem("a: 1\nb: [1, 2\n")?.hasPrefix("line 3: ") == true)
        #expect(Self.problem("a: *b\n") == "line 1: nothing before has the anchor of *b")
        #expect(
            Self.problem("a:\n  b: 1\n  c: 2\n  b: 3\n")
                == "line 4: key given more than once: \"b\"")
        #expect(Self.problem("a: 1\n---\nb: 2\n") == "line 2: a second document begins")
        #expect(Self.problem("a: \u{1}\n") == "control characters are not allowed")
    }

    /// Without the bounds each of these takes all memory, or the whole stack.
    @Test func whatUnfoldsWithoutEndIsRefused() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<30 {
            let parts = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(parts)]\n"
        }
        #expect(Self.problem(bomb)?.contains("more than 262144 values, aliases unfolded") == true)
        #expect(Self.problem("&a [*a]") == "line 1: nothing before has the anchor of *a")
        let ladder = (1..<64).map { "- &a\($0) [*a\($0 - 1)]\n" }.joined()
        #expect(Self.problem("- &a0 [x]\n" + ladder)?.hasPrefix("line 63: more than 64") == true)
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(Self.problem(deep)?.contains("more than 64 values in one another") == true)
        #expect(Self.problem(String(deep.dropFirst().dropLast())) == nil)
    }
}
