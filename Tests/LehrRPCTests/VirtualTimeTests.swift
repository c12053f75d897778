import LehrCore
import LehrRPC
import Testing

@Suite struct VirtualTimeTests {
    @Test func eventsRunByTimeThenByOrder() {
        let time = VirtualTime()
        let start = time.now
        var seen: [Int] = []
        for (index, delay) in [30, 10, 20, 10, 0].enumerated() {
            time.schedule(at: start + .milliseconds(delay)) { seen.append(index) }
        }
        time.run(for: .milliseconds(20))
        #expect(seen == [4, 1, 3, 2])
        #expect(time.now == start + .milliseconds(20))
        time.run(for: .milliseconds(10))
        #expect(seen == [4, 1, 3, 2, 0])
        #expect(time.isIdle)
    }

    @Test func aCancelledEventDoesNotRun() {
        let time = VirtualTime()
        var seen = 0
        let timer = time.schedule(at: time.now) { seen += 1 }
        time.cancel(timer)
        #expect(time.isIdle)
        #expect(!time.runNext())
        time.cancel(timer)
        #expect(seen == 0)
    }

    @Test func runUntilAConditionStopsThere() {
        let time = VirtualTime()
        let start = time.now
        var seen = 0
        for index in 1...5 { time.schedule(at: start + .seconds(index)) { seen += 1 } }
        #expect(time.run(for: .seconds(10)) { seen == 3 })
        #expect(time.now == start + .seconds(3))
        #expect(!time.run(for: .seconds(1)) { seen == 5 })
        #expect(time.now == start + .seconds(4))
    }

    @Test func workPostedOnACoreIsCurrentThereAndRunsAfterThePresentWork() {
        let time = VirtualTime()
        let (first, second) = (VirtualCore(index: 0, on: time), VirtualCore(index: 1, on: time))
        let log = Log()
        second.perform {
            let confined = Confined(log, to: second)
            second.mailbox.post { confined.withValue { $0.seen.append("mailed") } }
        }
        first.perform {
            first.post { log.seen.append("posted \(first.isCurrent) \(second.isCurrent)") }
            log.seen.append("present")
        }
        #expect(!first.isCurrent)
        time.run(for: .zero)
        #expect(log.seen == ["present", "mailed", "posted true false"])
    }

    private final class Log {
        var seen: [String] = []
    }
}
