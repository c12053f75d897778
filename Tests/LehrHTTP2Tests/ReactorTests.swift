import Glibc
import LehrCore
import LehrRPC
import LehrReactor
import Synchronization
import Testing

@Suite struct ReactorTests {
    @Test func mailFromManyThreadsArrivesInOrder() throws {
        let home = try Reactor()
        let mailbox = home.mailbox
        let seen = Confined(Seen(), to: home)
        var threads: [ReactorThread] = []
        for sender in 0..<4 {
            threads.append(
                try ReactorThread(name: "sender \(sender)") { reactor in
                    for number in 0..<5000 {
                        let isTaken = mailbox.post {
                            seen.withValue { $0.add(sender, number) }
                        }
                        #expect(isTaken)
                    }
                    reactor.stop()
                })
        }
        let alarm = home.schedule(after: .seconds(20)) { home.stop() }
        seen.withValue { $0.onFull = { home.stop() } }
        home.run()
        home.cancel(alarm)
        for thread in threads { thread.join() }
        seen.withValue { #expect($0.next == [5000, 5000, 5000, 5000]) }
    }

    private final class Seen {
        var next = [0, 0, 0, 0]
        var onFull: (() -> Void)?

        func add(_ sender: Int, _ number: Int) {
            #expect(next[sender] == number)
            next[sender] += 1
            if next == [5000, 5000, 5000, 5000] { onFull?() }
        }
    }

    @Test func aSleepingReactorIsWokenByMailAndByStop() throws {
        let thread = try ReactorThread(name: "sleeper") { _ in }
        let woken = Atomic(0)
        for expected in 1...20 {
            thread.mailbox.post { woken.add(1, ordering: .relaxed) }
            while woken.load(ordering: .relaxed) < expected { sched_yield() }
        }
        thread.stop()
        thread.join()
        #expect(!thread.mailbox.post {})
    }

    @Test func timersFireInOrderAndNotEarly() throws {
        let reactor = try Reactor()
        let start = reactor.now
        var fired: [Int] = []
        for (index, delay) in [3, 1, 2, 0, 1].enumerated() {
            _ = reactor.schedule(after: .milliseconds(delay)) {
                #expect(reactor.now - start >= .milliseconds(delay))
                fired.append(index)
            }
        }
        let cancelled = reactor.schedule(after: .milliseconds(1)) { fired.append(99) }
        reactor.cancel(cancelled)
        _ = reactor.schedule(after: .seconds(Int64.max)) { fired.append(98) }
        #expect(reactor.timerCount == 6)
        _ = reactor.schedule(after: .milliseconds(4)) { reactor.stop() }
        reactor.run()
        #expect(fired == [3, 1, 4, 2, 0])
    }

    /// What is cancelled, or left when the reactor ends, may touch the reactor on its way.
    @Test func workThatGoesMayCancelOtherWork() throws {
        final class Owner {
            let reactor: Reactor
            let other: TimerID

            init(_ reactor: Reactor) {
                self.reactor = reactor
                other = reactor.schedule(after: .seconds(30)) {}
            }

            deinit { reactor.cancel(other) }
        }
        let reactor = try Reactor()
        func schedule() -> TimerID {
            let owner = Owner(reactor)
            return reactor.schedule(after: .seconds(20)) { withExtendedLifetime(owner) {} }
        }
        reactor.cancel(schedule())
        #expect(reactor.timerCount == 0)
        _ = schedule()
        let owner = Owner(reactor)
        reactor.post { [reactor] in
            reactor.post { withExtendedLifetime(owner) {} }
            reactor.stop()
        }
        reactor.run()
        #expect(reactor.timerCount == 0)
    }

    @Test func postedWorkRunsAfterThePresentWork() throws {
        let reactor = try Reactor()
        var seen: [Int] = []
        reactor.post {
            #expect(reactor.isCurrent)
            reactor.post {
                seen.append(2)
                reactor.stop()
            }
            seen.append(1)
        }
        reactor.run()
        #expect(seen == [1, 2])
    }
}
