import LehrCore
import LehrRPC
import Testing

@testable import LehrReactor

@Suite struct SpinBudgetTests {
    private static let long: Int64 = 10_000_000

    @Test func anIdleReactorSoonSleepsAtOnceAndTriesAgainLater() {
        var budget = SpinBudget()
        #expect(budget.nanoseconds > 0)
        var sleeps = 0
        while budget.nanoseconds > 0, sleeps < 100 {
            budget.slept(for: Self.long)
            sleeps += 1
        }
        #expect(budget.nanoseconds == 0)
        #expect(sleeps < 10)
        var more = 0
        while budget.nanoseconds == 0, more < 1000 {
            budget.slept(for: Self.long)
            more += 1
        }
        #expect((10...200).contains(more))
    }

    @Test func whatPaysIsKeptWithinItsBound() {
        var budget = SpinBudget()
        let most = budget.nanoseconds
        for _ in 0..<20 { budget.slept(for: Self.long) }
        for _ in 0..<20 { budget.paid() }
        #expect(budget.nanoseconds == most)
        // A sleep that was shorter than the spin could have been asks for more of it, too.
        for _ in 0..<20 { budget.slept(for: Self.long) }
        for _ in 0..<20 { budget.slept(for: 1000) }
        #expect(budget.nanoseconds == most)
    }

    /// Timers, posted work and mail come in every mode, also when a reactor is pinned.
    @Test(arguments: PollMode.allCases)
    func everyModeServesEverything(mode: PollMode) throws {
        let first = try #require(ProcessorShare.current().processors.first)
        let share = ProcessorShare(processors: [first], onlineCount: 2, quota: nil)
        let plan = PollPlan(mode, reactors: 1, on: share)
        #expect(plan.mode == mode)
        let home = try Reactor()
        let mailbox = home.mailbox
        let seen = Confined(Seen(), to: home)
        let thread = try ReactorThread(name: "spinner", plan: plan) { reactor in
            let back = reactor.mailbox
            reactor.post { mailbox.post { seen.withValue { $0.marks.append("posted") } } }
            _ = reactor.schedule(after: .milliseconds(5)) {
                mailbox.post { seen.withValue { $0.marks.append("timer") } }
                mailbox.post {
                    seen.withValue { $0.marks.append("mail out") }
                    back.post { mailbox.post { seen.withValue { $0.marks.append("mail in") } } }
                }
            }
        }
        let alarm = home.schedule(after: .seconds(20)) { home.stop() }
        func look() {
            let isDone = seen.withValue { $0.marks.count == 4 }
            if isDone { return home.stop() }
            _ = home.schedule(after: .milliseconds(1)) { look() }
        }
        look()
        home.run()
        home.cancel(alarm)
        thread.stop()
        thread.join()
        seen.withValue { #expect($0.marks == ["posted", "timer", "mail out", "mail in"]) }
    }

    private final class Seen {
        var marks: [String] = []
    }
}
