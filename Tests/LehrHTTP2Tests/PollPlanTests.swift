import LehrReactor
import Testing

@Suite struct PollPlanTests {
    private static let own = ProcessorShare(processors: [2, 3], onlineCount: 8, quota: nil)

    @Test func processorsOfItsOwnMaySpinAndArePinned() {
        for mode in [PollMode.busy, .adaptive] {
            let plan = PollPlan(mode, reactors: 2, on: Self.own)
            #expect(plan.mode == mode)
            #expect(plan.processors == [2, 3])
            #expect(plan.reason == nil)
        }
    }

    @Test func withoutThemItBlocksAndSaysWhy() {
        let all = ProcessorShare(processors: Array(0..<8), onlineCount: 8, quota: nil)
        let limited = ProcessorShare(processors: [2, 3], onlineCount: 8, quota: 2)
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

    @Test(
        arguments: [
            ("200000 100000\n", "", 2), ("150000 100000", "", 1.5), ("50000\n", "100000\n", 0.5),
            ("max 100000\n", "", nil), ("-1\n", "100000\n", nil), ("", "", nil), ("9", "", nil),
            ("0 100000", "", nil), ("100000 0", "", nil), ("2 many", "", nil),
            ("9223372036854775807 1", "", nil), ("99999999999999999999 1", "", nil),
        ] as [(String, String, Double?)])
    func quotasAreReadInBothVersions(text: String, period: String, processors: Double?) {
        #expect(ProcessorShare.quota(text, period: period) == processors)
    }

    @Test func wholeProcessorsAreThoseOfTheQuotaOrTheAffinity() {
        func whole(_ count: Int, _ quota: Double?) -> Int? {
            ProcessorShare(processors: Array(0..<count), onlineCount: 8, quota: quota)
                .wholeProcessors
        }
        #expect(whole(8, nil) == nil)
        #expect(whole(8, 3.9) == 3)
        #expect(whole(8, 0.25) == 1)
        #expect(whole(3, nil) == 3)
        #expect(whole(3, 2) == 2)
        #expect(whole(2, 4) == 2)
    }

    @Test func thisProcessHasProcessors() {
        let share = ProcessorShare.current()
        #expect(!share.processors.isEmpty)
        #expect(share.processors.count <= share.onlineCount)
    }
}
