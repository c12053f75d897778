import Testing

@testable import LehrIdentity

@Suite struct UnixTimeTests {
    @Test func timesAreWrittenAndRead() {
        for seconds in [0, 951_782_400, 1_800_000_000, 4_102_444_799] as [Int64] {
            let time = UnixTime(seconds)
            #expect(UnixTime(time.description) == time)
        }
        #expect(UnixTime(1_800_000_000).description == "2027-01-15T08:00:00Z")
        #expect(UnixTime("2000-02-29T00:00:00Z")?.seconds == 951_782_400)
    }

    @Test(
        arguments: [
            "", "never", "2027-01-15", "2027-02-30T00:00:00Z", "2027-01-15T08:00:00", "a",
            "2027-13-15T08:00:00Z", "2027/01/15T08:00:00Z", "2027-01-15T25:00:00Z",
            "-027-01-15T08:00:00Z",
        ])
    func otherTextIsRefused(text: String) { #expect(UnixTime(text) == nil) }
}
