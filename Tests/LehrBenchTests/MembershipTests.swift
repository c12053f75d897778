import LehrCore
import LehrReactor
import Testing

@testable import LehrBench

@Suite struct MembershipTests {
    @Test func tooFewDescriptorsAreSaidBeforeAnythingIsMeasured() throws {
        try DescriptorLimit.check(connections: 5000, limit: 5064)
        let error = #expect(throws: BenchError.self) {
            try DescriptorLimit.check(connections: 5000, limit: 5063)
        }
        #expect(error?.description.contains("5064 file descriptors") == true)
        #expect(error?.description.contains("--members 4999") == true)
        #expect(DescriptorLimit.current > 0)
    }

    @Test func theWorstRenewalIsKept() {
        var times = RenewalTimes()
        for milliseconds in [3, 9, 1] { times.add(.milliseconds(milliseconds)) }
        #expect(times.count == 3 && times.worst == .milliseconds(9))
    }

    @Test func halfOfASimulatedClusterFallsSilent() throws {
        let cluster = try SimulatedCluster(101, seed: 1)
        let outcome = try cluster.run()
        #expect(cluster.leaseCount == 51)
        #expect(outcome.join > 0 && outcome.renewal > 0 && outcome.end > 0)
        let figures = SimulatedMembers.figures(101, [outcome])
        #expect(figures.first?.name == "simulated-101")
    }

    @Test func aFigureOverItsTargetHasFailed() {
        func outcome(cpu: Double, megabytes: Int) -> MembersLoad.Outcome {
            MembersLoad.Outcome(
                joinSeconds: 1, joinCPUSeconds: 1, mapBytes: 1, cpuShare: cpu, userShare: 0.01,
                renewals: 1000, renewalsPerSecond: 100, worstRenewalMilliseconds: 1,
                residentBytes: megabytes * 1_000_000, peakBytes: megabytes * 1_000_000)
        }
        func failed(_ outcome: MembersLoad.Outcome) -> [String] {
            SocketMembers.figures(300, [outcome]).filter { $0.passed == false }.map(\.name)
        }
        #expect(failed(outcome(cpu: 0.09, megabytes: 199)) == [])
        #expect(failed(outcome(cpu: 0.11, megabytes: 199)) == ["members-cpu"])
        #expect(
            failed(outcome(cpu: 0.09, megabytes: 201)) == ["members-memory", "members-memory-peak"])
        let renewal = SocketMembers.figures(300, [outcome(cpu: 0.09, megabytes: 1)])[1]
        #expect(abs(renewal.lehr.median - 900) < 1e-6, "microseconds")
    }
}
