import LehrCore
import LehrRPC
import LehrReactor
import Testing

@Suite struct TimerWheelTests {
    private static let tick: UInt64 = 1 << 20

    /// Whatever is scheduled and cancelled, work runs in order, never early and less than two ticks late.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func agreesWithAListUnderRandomUse(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var now = UInt64(random.below(1 << 40))
        var wheel = TimerWheel(at: Instant(nanoseconds: now))
        var model: [Int: (time: UInt64, id: TimerID)] = [:]
        var fired: [Int] = []
        var total = 0
        for number in 0..<20_000 {
            switch random.below(5) {
            case 0, 1, 2:
                // From at once to some hours, so that every level has its turn.
                let delay = UInt64(random.below(1 << (4 + random.below(40))))
                let id = wheel.schedule(at: Instant(nanoseconds: now + delay)) {
                    fired.append(number)
                }
                model[number] = (now + delay, id)
            case 3:
                guard let victim = model.keys.min() else { continue }
                let id = model.removeValue(forKey: victim)?.id
                if let id {
                    _ = wheel.cancel(id)
                    _ = wheel.cancel(id)
                }
            default:
                now += UInt64(random.below(1 << (10 + random.below(32))))
                fired = []
                while let work = wheel.takeDue(at: Instant(nanoseconds: now)) { work() }
                let times = fired.map { model[$0]?.time ?? .max }
                #expect(times.allSatisfy { $0 <= now })
                // One that was scheduled for a tick already begun may run behind later ones.
                #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 + 2 * Self.tick })
                for number in fired { model[number] = nil }
                #expect(model.values.allSatisfy { $0.time + 2 * Self.tick > now })
                total += fired.count
            }
            #expect(wheel.count == model.count)
        }
        #expect(total > 1000)
    }

    @Test func theNextTimeIsNeverAfterTheFirstWork() {
        var random = RandomSource(seed: 3)
        for _ in 0..<2000 {
            let now = UInt64(random.below(1 << 40))
            var wheel = TimerWheel(at: Instant(nanoseconds: now))
            #expect(wheel.nextTime == nil)
            let delay = UInt64(random.below(1 << (4 + random.below(44))))
            _ = wheel.schedule(at: Instant(nanoseconds: now + delay)) {}
            // Following `nextTime` alone gets there, in few steps.
            var (time, steps, hasFired) = (now, 0, false)
            while !hasFired, let next = wheel.nextTime {
                time = max(time, next.nanoseconds)
                steps += 1
                hasFired = wheel.takeDue(at: Instant(nanoseconds: time)) != nil
            }
            #expect(hasFired)
            #expect(time < now + delay + 2 * Self.tick)
            #expect(steps <= 8)
        }
    }

    /// As far as 64 bits go: the wheel has fewer, and must not turn for ever.
    @Test(arguments: [1 << 61, 4_611_686_018_000_000_000, 1 << 62, 1 << 63] as [UInt64])
    func whatIsDueInCenturiesWaits(delay: UInt64) {
        let now = Instant(nanoseconds: 7_000_000_000_123)
        var wheel = TimerWheel(at: now)
        _ = wheel.schedule(at: Instant(nanoseconds: now.nanoseconds + delay)) {}
        for minutes in 0..<10 {
            let later = Instant(nanoseconds: now.nanoseconds + UInt64(minutes) * 60_000_000_000)
            #expect(wheel.takeDue(at: later) == nil)
            #expect(wheel.nextTime.map { $0 > later } == true)
        }
        #expect(wheel.count == 1)
    }

    @Test func whatIsCancelledByWorkOfTheSameMomentDoesNotRun() {
        var wheel = TimerWheel(at: Instant(nanoseconds: 0))
        let time = Instant(nanoseconds: 5_000_000)
        _ = wheel.schedule(at: time) {}
        let second = wheel.schedule(at: time) { Issue.record("it was cancelled") }
        let later = Instant(nanoseconds: 9_000_000)
        #expect(wheel.takeDue(at: later) != nil)
        _ = wheel.cancel(second)
        #expect(wheel.takeDue(at: later) == nil)
        #expect(wheel.count == 0)
    }
}
