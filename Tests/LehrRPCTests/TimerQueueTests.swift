import LehrCore
import LehrRPC
import Testing

@Suite struct TimerQueueTests {
    @Test func agreesWithASortedListUnderRandomUse() {
        var random = RandomSource(seed: 11)
        var queue = TimerQueue()
        var model: [(time: UInt64, order: Int, id: TimerID)] = []
        var (order, fired, expected) = (0, [Int](), [Int]())
        for _ in 0..<20_000 {
            switch random.below(4) {
            case 0, 1:
                let (time, number) = (UInt64(random.below(1000)), order)
                let id = queue.schedule(at: Instant(nanoseconds: time)) { fired.append(number) }
                model.append((time, number, id))
                order += 1
            case 2 where !model.isEmpty:
                let victim = model.remove(at: random.below(model.count))
                queue.cancel(victim.id)
                queue.cancel(victim.id)
            default:
                let now = UInt64(random.below(1000))
                let next = model.min { ($0.time, $0.order) < ($1.time, $1.order) }
                if let (_, work) = queue.takeDue(at: Instant(nanoseconds: now)) { work() }
                if let next, next.time <= now {
                    expected.append(next.order)
                    model.removeAll { $0.order == next.order }
                }
            }
            #expect(queue.count == model.count)
        }
        #expect(fired == expected)
        #expect(fired.count > 1000)
    }

    @Test func whatWasCancelledTakesNoMemoryForLong() {
        var queue = TimerQueue()
        for index in 0..<100_000 {
            let id = queue.schedule(at: Instant(nanoseconds: UInt64(index + 1_000_000))) {}
            queue.cancel(id)
        }
        #expect(queue.count == 0)
        #expect(queue.nextTime() == nil)
    }
}
