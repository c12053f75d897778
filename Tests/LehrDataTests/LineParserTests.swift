import LehrCore
import Testing

@testable import LehrData

@Suite struct LineParserTests {
    private func parsing<Value>(
        _ text: String, _ body: (UnsafeRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        try Array(text.utf8).withUnsafeBytes(body)
    }

    @Test func pairsTakeTwoColumns() throws {
        let pair = try parsing("17\t18446744073709551615\t5\tx") { try PairLine($0) }
        #expect(pair.user == 17)
        #expect(pair.item == .max)
        let text = try parsing("alice\tb-9") { try PairLine($0) }
        #expect(text.user == featureKey("alice".utf8))
        #expect(text.item == featureKey("b-9".utf8))
    }

    @Test(arguments: ["", "1", "1\t", "\t2", "1 2"])
    func pairsRefuse(text: String) {
        #expect(throws: LineProblem.self) { try parsing(text) { try PairLine($0) } }
    }

    @Test func keysAreTheCoresKeys() {
        for text in ["0", "007", "9999999999999999999", "18446744073709551616", "-1", "1.0", "ü"] {
            #expect(parsing(text) { fieldKey($0) } == featureKey(text.utf8), "\(text)")
        }
    }

    @Test func candidatesKeepTheirOrder() throws {
        var items: [UInt64] = [99]
        let user = try parsing("3\t10\t11\t12") { try parseCandidates($0, into: &items) }
        #expect(user == 3)
        #expect(items == [99, 10, 11, 12])
    }

    @Test func libsvmLabelsAndValues() throws {
        var keys: [UInt64] = []
        var values: [Float] = []
        let label = try parsing("-1 3:1  11:-0.5\t7:2e-3 ") {
            try parseLibsvm($0, keys: &keys, values: &values)
        }
        #expect(label == 0)
        #expect(keys == [3, 11, 7])
        #expect(values == [1, -0.5, 2e-3])
        for (text, expected) in [("+1", Float(1)), ("0", 0), ("1.0", 1), ("1 2:3", 1)] {
            let label = try parsing(text) { try parseLibsvm($0, keys: &keys, values: &values) }
            #expect(label == expected)
        }
    }

    @Test(arguments: [
        "", " ", "2 1:1", "x 1:1", "1 :1", "1 1:", "1 1:nan", "1 1:inf", "1 1:0x10", "1 1:1:1",
        "1 1", "1 1:1e999", "1 1:1e39", "1 1:.", "1 1:1e", "-+1 1:1",
    ])
    func libsvmRefuses(text: String) {
        var keys: [UInt64] = []
        var values: [Float] = []
        #expect(throws: LineProblem.self) {
            try parsing(text) { try parseLibsvm($0, keys: &keys, values: &values) }
        }
    }

    @Test func decimalNumbersEqualTheStandardLibrarys() {
        for text in [
            "0", "7", "10", "-3", "+4", "0.5", ".5", "5.", "1e3", "1.25E-2", "123456789.125",
        ] {
            #expect(parsing(text) { decimalNumber($0) } == Double(text.hasSuffix(".") ? "5" : text))
        }
        #expect(parsing(String(repeating: "1", count: 64)) { decimalNumber($0) } == nil)
    }

    @Test func foundTextIsClippedAndEscaped() {
        let text = "a\t\"\\\u{1}é" + String(repeating: "b", count: 100)
        let shown = parsing(text) { quoted($0) }
        #expect(shown.hasPrefix(#""a\t\"\\\x01\xc3\xa9bbb"#))
        #expect(shown.hasSuffix("\"..."))
        #expect(shown.utf8.count < 90)
    }
}
