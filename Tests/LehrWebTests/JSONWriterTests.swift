import Testing

@testable import LehrWeb

/// The exact bytes of written JSON.
struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func nestsAndSeparates() {
        let text = written { json in
            json.object {
                $0.field("a", 1)
                $0.field("b") { $0.array { _ in } }
                $0.field("c") { array in
                    array.array {
                        $0.value("x")
                        $0.object { $0.field("y", true) }
                        $0.object { _ in }
                        $0.value(UInt64.max)
                    }
                }
                $0.field("d", -0.5)
            }
        }
        #expect(text == #"{"a":1,"b":[],"c":["x",{"y":true},{},18446744073709551615],"d":-0.5}"#)
    }

    @Test func escapesStrings() {
        #expect(
            written { $0.value("\"\\\n\r\t\u{1}\u{1f}/ä€😀") }
                == #""\"\\\n\r\t\u0001\u001f/ä€😀""#)
    }

    @Test func writesNumbersThatJSONLacksAsNull() {
        #expect(written { $0.value(Double.nan) } == "null")
        #expect(written { $0.value(-Float.infinity) } == "null")
        #expect(written { $0.value(Float(0.1)) } == "0.1")
    }
}
