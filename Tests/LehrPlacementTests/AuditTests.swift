import LehrCore
import LehrPlacement
import Testing

@Suite struct AuditTests {
    private let problem = PlacementProblem(
        variables: [
            .init(
                name: "a", partitionBits: 1,
                loads: [
                    Load(cpu: 0.5, memory: 40, network: 1), Load(cpu: 0.25, memory: 30, network: 3),
                ],
                current: [Home(member: MemberIncarnation(1), core: 0), nil])
        ],
        hosts: [
            .init(
                member: MemberIncarnation(1), coreCount: 2,
                capacity: Load(cpu: 2, memory: 100, network: 10)),
            .init(
                member: MemberIncarnation(2), coreCount: 1,
                capacity: Load(cpu: 1, memory: 100, network: 5)),
        ])

    private func home(_ member: UInt64, _ core: UInt32) -> Home {
        Home(member: MemberIncarnation(member), core: core)
    }

    @Test func loadsAreAddedUp() {
        let audit = Audit(PlacementPlan(homes: [[home(1, 1), home(2, 0)]]), of: problem)
        #expect(audit.problems.isEmpty)
        #expect(audit.cores[0][1].cpu == 0.5)
        #expect(audit.cores[0][1].memory == 0.8)
        #expect(audit.shards[0].memory == 0.4)
        #expect(audit.shards[1].network == 0.6)
        #expect(audit.worst == 0.8)
        #expect(audit.fanOut == 2)
        // From core 0 to core 1 of a shard nothing crosses the network.
        #expect(audit.movedBytes == 30)
        #expect(problem.leastMovedBytes == 30)
    }

    /// A partition without a home is nowhere: it weighs nothing and is not counted.
    @Test func whatIsPlacedNow() {
        var problem = problem
        problem.variables.append(.init(name: "new", partitionBits: 2))
        let audit = Audit(current: problem)
        #expect(audit.problems.isEmpty)
        #expect(audit.partitions == 1 && audit.fanOut == 1 && audit.bytes == 40)
        #expect(audit.cores[0].map(\.memory) == [0.8, 0])
        #expect(audit.movedBytes == 0)
    }

    /// As much too much as can be written.
    @Test func anAbsurdOverflowIsSaid() {
        var problem = problem
        problem.variables[0].loads[0] = Load(cpu: 0, memory: 1e300, network: 0)
        let audit = Audit(PlacementPlan(homes: [[home(1, 0), home(1, 1)]]), of: problem)
        #expect(audit.problems.count == 1 && audit.problems[0].contains("1000000000000000000 %"))
    }

    @Test func whatIsWrongIsSaid() {
        let full = Audit(PlacementPlan(homes: [[home(1, 0), home(1, 0)]]), of: problem)
        #expect(full.problems.count == 1 && full.problems[0].contains("140 %"))
        let nowhere = Audit(PlacementPlan(homes: [[home(1, 0), home(1, 2)]]), of: problem)
        #expect(nowhere.problems.count == 1 && nowhere.problems[0].contains("does not exist"))
        let cut = Audit(PlacementPlan(homes: [[home(1, 0)]]), of: problem)
        #expect(cut.problems.count == 1 && cut.problems[0].contains("is cut into 1"))
        #expect(Audit(PlacementPlan(homes: []), of: problem).problems.count == 1)
    }
}
