import LehrCore
import Testing

@Suite struct DurationTests {
    @Test func durationsAreWholeNanoseconds() {
        #expect(Duration.microseconds(3).nanoseconds == 3000)
        #expect(Duration.seconds(-7).nanoseconds == -7_000_000_000)
        #expect(Duration.zero.nanoseconds == 0)
    }

    @Test(arguments: [Int64.max, 1 << 40, 4_611_686_019])
    func aDurationTooLongIsTheLongest(seconds: Int64) {
        let longest = Duration.seconds(seconds).nanoseconds
        #expect(longest == 4_611_686_018_000_000_000)
        #expect(Duration.seconds(-seconds).nanoseconds == -longest)
        let now = Instant(nanoseconds: 1 << 60)
        #expect(now + .seconds(seconds) > now)
        #expect((now + .seconds(seconds) - now).nanoseconds == longest)
        #expect(now + .seconds(-seconds) == Instant(nanoseconds: 0))
    }
}
