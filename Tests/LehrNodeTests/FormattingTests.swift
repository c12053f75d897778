import LehrCore
import Testing

@testable import LehrNode

@Suite struct FormattingTests {
    @Test func writesQuantitiesForPeople() {
        #expect(Formatting.count(0) == "0")
        #expect(Formatting.count(999) == "999")
        #expect(Formatting.count(1_234_567) == "1,234,567")
        #expect(Formatting.count(-123_456) == "-123,456")
        #expect(Formatting.bytes(1023) == "1023 B")
        #expect(Formatting.bytes(1536) == "1.5 KiB")
        #expect(Formatting.time(75) == "1m15s")
        #expect(Formatting.time(3.21) == "3.2s")
        #expect(Formatting.time(7260) == "2h1m")
        #expect(Formatting.time(.infinity) == "?")
    }

    @Test func writesKeysInSnakeCase() throws {
        struct Figures: Encodable {
            var hrAt10 = 1
            var peakRssBytes = ["shard": 2]
            var job = JobID(3)
        }
        let text = try Formatting.json(Figures())
        #expect(text.contains("\"hr_at_10\" : 1"))
        #expect(text.contains("\"peak_rss_bytes\" : {\n    \"shard\" : 2"))
        #expect(text.contains("\"job\" : 3"))
    }

    @Test func alignsColumns() {
        var table = TextTable([("name", .left), ("n", .right)])
        table.add(["a", "1"])
        table.add(["long", "100"])
        #expect(table.text == "name    n\na       1\nlong  100")
    }
}
