import LehrCore
import Testing

@testable import LehrBench

struct StepLogTests {
    private static func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    /// Two lanes: one step from 0 to 10 ms, and those of the other from 0 to 4 and from 4 to 20 ms.
    private static let log: StepLog = {
        var log = StepLog()
        log.add(keys: 100, endedAt: at(4), after: .milliseconds(4))
        log.add(keys: 100, endedAt: at(10), after: .milliseconds(10))
        log.add(keys: 100, endedAt: at(20), after: .milliseconds(16))
        return log
    }()

    @Test func wholeStepsCountWhole() {
        let work = Self.log.work(in: Self.at(0)...Self.at(20))
        #expect(work == .init(keys: 300, steps: 3, seconds: 0.02))
        #expect(work.keysPerSecond == 15_000)
    }

    @Test func aTimeInWhichNoStepEndsHasItsDue() {
        let work = Self.log.work(in: Self.at(5)...Self.at(9))
        #expect(abs(work.keys - (100 * 4.0 / 10 + 100 * 4.0 / 16)) < 1e-9)
    }

    @Test func timesThatMeetShareAStep() {
        let parts = [(0, 3), (3, 7), (7, 20)].map {
            Self.log.work(in: Self.at($0.0)...Self.at($0.1)).keys
        }
        #expect(abs(parts.reduce(0, +) - 300) < 1e-9)
    }

    @Test func noStepIsNoWork() {
        #expect(Self.log.work(in: Self.at(21)...Self.at(30)).keys == 0)
        #expect(Self.log.longest(touching: Self.at(21)...Self.at(30)) == .zero)
        #expect(StepLog().work(in: Self.at(1)...Self.at(1)).keysPerSecond == 0)
    }

    @Test func theLongestIsOfThoseUnderWay() {
        #expect(Self.log.longest(touching: Self.at(1)...Self.at(2)) == .milliseconds(10))
        #expect(Self.log.longest(touching: Self.at(11)...Self.at(11)) == .milliseconds(16))
    }
}
