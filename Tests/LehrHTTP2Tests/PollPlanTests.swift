import LehrReactor
import Testing

@Suite struct PollPlanTests {
    private static let own = ProcessorShare(processors: [2, 3], onlineCount: 8, hasQuota: false)

    @Test func processorsOfItsOwnMaySpinAndArePinned() {
        for mode in [PollMode.busy, .adaptive] {
            let plan = PollPlan(mode, reactors: 2, on: Self.own)
            #expect(plan.mode == mode)
            #expect(plan.processors == [2, 3])
            #expect(plan.reason == nil)
        }
    }

    @Test func withoutThemItBlocksAndSaysWhy() {
        let all = ProcessorShare(processors: Array(0..<8), onlineCount: 8, hasQuota: false)
        let limited = ProcessorShare(processors: [2, 3], onlineCount: 8, hasQuota: true)
        let plans = [
            PollPlan(.busy, reactors: 1, on: all), PollPlan(.busy, reactors: 1, on: limited),
            PollPlan(.adaptive, reactors: 3, on: Self.own),
        ]
        for plan in plans {
            #expect(plan.mode == .block)
            #expect(plan.processors.isEmpty)
            #expect(plan.reason != nil)
        }
        #expect(PollPlan(.block, reactors: 9, on: all).reason == nil)
    }

    @Test func quotasAreReadInBothVersions() {
        #expect(ProcessorShare.limits("200000 100000\n"))
        #expect(ProcessorShare.limits("50000\n"))
        #expect(!ProcessorShare.limits("max 100000\n"))
        #expect(!ProcessorShare.limits("-1\n"))
        #expect(!ProcessorShare.limits(""))
    }

    @Test func thisProcessHasProcessors() {
        let share = ProcessorShare.current()
        #expect(!share.processors.isEmpty)
        #expect(share.processors.count <= share.onlineCount)
    }
}
