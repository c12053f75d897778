import LehrCore
import LehrRPC
import Testing

/// What can happen to a simulated process: it is stopped and goes on, and its clock is its own.
@Suite struct VirtualCoreTests {
    private let time = VirtualTime()

    @Test func aPausedCoreDoesNothingAndIsLateAfterwards() {
        let core = VirtualCore(on: time)
        let start = time.now
        var seen: [String] = []
        _ = core.schedule(after: .seconds(1)) { seen.append("timer at \(core.now - start)") }
        core.pause()
        core.post { seen.append("posted") }
        time.run(for: .seconds(3))
        #expect(seen.isEmpty)
        core.resume()
        #expect(seen == ["posted", "timer at 3.0 seconds"])
        core.post { seen.append("again") }
        time.run(for: .zero)
        #expect(seen.last == "again")
    }

    @Test func whatWaitsInAPausedCoreCanBeCancelled() {
        let core = VirtualCore(on: time)
        var seen: [String] = []
        var second: TimerID?
        _ = core.schedule(after: .seconds(1)) {
            seen.append("first")
            second.map { core.cancel($0) }
        }
        second = core.schedule(after: .seconds(2)) { seen.append("second") }
        _ = core.schedule(after: .seconds(3)) { seen.append("third") }
        core.pause()
        time.run(for: .seconds(5))
        core.resume()
        #expect(seen == ["first", "third"])
    }

    @Test func aCoreThatPausesWhileItCatchesUpKeepsTheRest() {
        let core = VirtualCore(on: time)
        var seen: [Int] = []
        core.pause()
        for number in 1...3 {
            core.post {
                seen.append(number)
                if number == 2 { core.pause() }
            }
        }
        time.run(for: .zero)
        core.resume()
        #expect(seen == [1, 2])
        core.resume()
        #expect(seen == [1, 2, 3])
    }

    @Test func aCoreThatIsKilledWhilePausedDoesNothing() {
        let core = VirtualCore(on: time)
        var seen = 0
        core.pause()
        core.post { seen += 1 }
        time.run(for: .zero)
        core.kill()
        core.resume()
        #expect(seen == 0)
    }

    @Test(arguments: [-50_000, 0, 1, 50_000] as [Int64])
    func aClockDriftsAndItsTimersWithIt(driftPPM: Int64) {
        let clock = VirtualClock(offset: .seconds(500), driftPPM: driftPPM)
        let core = VirtualCore(on: time, clock: clock)
        let (start, begin) = (core.now, time.now)
        #expect(start - begin >= .seconds(500) - .milliseconds(51))
        var fired: (Instant, Instant)?
        _ = core.schedule(after: .seconds(100)) { fired = (core.now, time.now) }
        time.run(for: .seconds(200))
        guard let (local, real) = fired else {
            Issue.record("the timer did not fire")
            return
        }
        // Never before it is due by the core's own clock, and not noticeably after.
        #expect((.seconds(100)...(.seconds(100) + .nanoseconds(5))).contains(local - start))
        let drift = Double(driftPPM) / 1e6
        #expect(abs((real - begin).inSeconds * (1 + drift) - 100) < 1e-6)
    }
}
