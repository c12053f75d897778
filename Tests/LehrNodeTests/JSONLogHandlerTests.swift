import Foundation
import Logging
import Synchronization
import Testing

@testable import LehrNode

@Suite struct JSONLogHandlerTests {
    private final class Lines: Sendable {
        let bytes = Mutex<[UInt8]>([])
        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }
    }

    private func logged(_ log: (inout Logger) -> Void) -> String {
        let lines = Lines()
        var logger = Logger(label: "lehr.shard") { label in
            JSONLogHandler(
                label: label, now: { Date(timeIntervalSince1970: 1_700_000_000.25) },
                write: { line in lines.bytes.withLock { $0 += line } })
        }
        log(&logger)
        return lines.text
    }

    @Test func anEntryIsALineOfJSON() {
        let text = logged {
            $0[metadataKey: "member"] = "shard-0"
            $0.notice("ready", metadata: ["grpc": "[::1]:7200", "cores": .stringConvertible(2)])
            $0.info("plain")
            $0.debug("not at this level")
        }
        #expect(
            text == """
                {"time":"2023-11-14T22:13:20.250Z","level":"notice","logger":"lehr.shard",\
                "message":"ready","metadata":{"cores":"2","grpc":"[::1]:7200","member":"shard-0"}}
                {"time":"2023-11-14T22:13:20.250Z","level":"info","logger":"lehr.shard",\
                "message":"plain","metadata":{"member":"shard-0"}}

                """)
    }

    @Test func whateverIsSaidStaysOneLineThatParses() throws {
        let odd = "a\"b\\c\nd\u{0}\u{7f}\u{2028}\u{e9}"
        let text = logged {
            $0.error("\(odd)", metadata: [odd: ["\(odd)", ["k": "v"]]])
        }
        #expect(text.hasSuffix("}\n"))
        #expect(text.utf8.count { $0 == 10 } == 1)
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(object?["message"] as? String == odd)
        let values = (object?["metadata"] as? [String: Any])?[odd] as? [Any]
        #expect(values?.first as? String == odd)
        #expect((values?.last as? [String: String]) == ["k": "v"])
    }
}
