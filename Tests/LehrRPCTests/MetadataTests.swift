import LehrCore
import Testing

@testable import LehrRPC

@Suite struct MetadataTests {
    /// RFC 4648, section 10.
    @Test(
        arguments: [
            ("", "", ""), ("f", "Zg", "=="), ("fo", "Zm8", "="), ("foo", "Zm9v", ""),
            ("foob", "Zm9vYg", "=="), ("fooba", "Zm9vYmE", "="), ("foobar", "Zm9vYmFy", ""),
        ])
    func base64OfTheStandard(plain: String, encoded: String, padding: String) {
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
        #expect(Base64.decode(Array((encoded + padding).utf8)) == Array(plain.utf8))
    }

    @Test(arguments: [
        "A", "AAAAA", "A===", "=", "====", "Zg=", "Z=g=", "Zm9v=", "Zm-v", "Zm9\n", "ä",
    ])
    func whatIsNotBase64(text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func base64OfRandomBytes(seed: UInt64) {
        var random = RandomSource(seed: seed)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8(random.below(256)) }
            #expect(Base64.decode(Array(Base64.encode(bytes).utf8)) == bytes)
            // Of garbage every digit at most gives six bits.
            #expect((Base64.decode(bytes)?.count ?? 0) <= count * 3 / 4)
        }
    }

    @Test func binaryValues() {
        var metadata = Metadata([("a-bin", "AAE,//8=,,!"), ("b-bin", "AA")])
        metadata.appendBinary("a-bin", [7])
        #expect(metadata.binary("a-bin") == [[0, 1], [255, 255], [], [7]])
        #expect(metadata.binary("c-bin") == [])
        #expect(metadata.firstForbidden == nil)
    }

    @Test(
        arguments: [
            ("X", "1"), ("", "1"), (":path", "/"), ("grpc-status", "0"), ("te", "x"), ("a b", "1"),
            ("a", " 1"), ("a", "1\t"), ("a", "1\r\n2"), ("a", "\u{0}"), ("a", "\u{7F}"),
        ])
    func whatMayNotBeSent(name: String, value: String) {
        #expect(Metadata([("good", "1"), (name, value)]).firstForbidden == name)
    }

    @Test func whatMayBeSent() {
        let metadata = Metadata([("a-b_c.9", "!~ \tä"), ("empty", ""), ("content", "x")])
        #expect(metadata.firstForbidden == nil)
    }

    private static func context(_ entries: [(String, String)]) -> CallContext {
        CallContext(
            method: "/t/M", peer: "p", deadline: Instant(nanoseconds: 5_000_000_000),
            metadata: Metadata(entries.map { (name: $0.0, value: $0.1) }))
    }

    private static let trace = String(repeating: "a", count: 32)
    private static let span = String(repeating: "1", count: 16)

    @Test(
        arguments: [
            ("00-\(trace)-\(span)-01", true), ("01-\(trace)-\(span)-01-more", true),
            ("00-\(trace)-\(span)-01-more", false), ("ff-\(trace)-\(span)-01", false),
            ("00-\(trace)-\(span)", false), ("00-\(span)-\(trace)-01", false),
            ("00-\(String(repeating: "0", count: 32))-\(span)-01", false), ("", false),
            ("00-\(trace)-\(String(repeating: "0", count: 16))-01", false),
            ("00-\(trace.uppercased())-\(span)-01", false),
        ])
    func traceParents(text: String, isGood: Bool) {
        let context = Self.context([("x", "1"), ("traceparent", text), ("tracestate", "k=v")])
        let expected = Metadata([("traceparent", text), ("tracestate", "k=v")])
        #expect(context.trace == (isGood ? expected : Metadata()))
    }

    @Test func aContinuedCallEndsWithTheFirstDeadline() {
        let context = Self.context([("traceparent", "00-\(Self.trace)-\(Self.span)-00")])
        let options = CallOptions(continuing: context, at: Instant(nanoseconds: 3_000_000_000))
        #expect(options.timeout == .seconds(2))
        #expect(options.metadata["traceparent"] != nil)
        let late = CallOptions(continuing: context, at: Instant(nanoseconds: 9_000_000_000))
        #expect(late.timeout == .zero)
        let short = CallOptions(
            continuing: context, at: Instant(nanoseconds: 0), timeout: .milliseconds(5))
        #expect(short.timeout == .milliseconds(5))
    }
}
