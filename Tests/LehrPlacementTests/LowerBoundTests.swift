import LehrCore
import LehrPlacement
import Testing

@Suite struct LowerBoundTests {
    private func problem(
        _ cpu: [Double], cores: Int, splits: Int = 0
    ) -> PlacementProblem {
        PlacementProblem(
            variables: cpu.map {
                .init(
                    name: "t", partitionBits: 0, cuts: 0...splits,
                    loads: [Load(cpu: $0, memory: 0, network: 0)])
            },
            hosts: [.init(member: MemberIncarnation(1), coreCount: cores)])
    }

    @Test func theAverage() {
        #expect(LowerBound.worstLoad(problem([1, 1, 1, 1, 1, 1], cores: 2)) == 3)
    }

    @Test func theLargestPiece() {
        #expect(LowerBound.worstLoad(problem([5, 1, 1, 1], cores: 4)) == 5)
    }

    /// Of five pieces on four cores two share one: at best the two smallest of the five largest.
    @Test func piecesThatMustShare() {
        #expect(LowerBound.worstLoad(problem([4, 4, 4, 3, 3, 0.5], cores: 4)) == 6)
        // Nine on four: three share, 2 + 2 + 2.
        #expect(
            LowerBound.worstLoad(problem([3, 3, 3, 3, 3, 2, 2, 2, 2], cores: 4)) == 6)
    }

    /// As its definition has it: over all j, the j + 1 smallest of the j m + 1 largest.
    @Test func thePigeonholes() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            let (cores, splits) = (1 + random.below(9), random.below(3))
            // Whole numbers, so that there are equal ones, and one that alone is above the average.
            var cpu = (0..<1 + random.below(60)).map { _ in Double(random.below(20)) }
            if seed % 2 == 0 { cpu.append(Double(random.below(200))) }
            let pieces = cpu.flatMap {
                [Double](repeating: $0 / Double(1 << splits), count: 1 << splits)
            }.sorted(by: >)
            var bound = cpu.reduce(0, +) / Double(cores)
            for each in 0...(pieces.count - 1) / cores {
                bound = max(bound, pieces.prefix(each * cores + 1).suffix(each + 1).reduce(0, +))
            }
            let found = LowerBound.worstLoad(problem(cpu, cores: cores, splits: splits))
            #expect(abs(found - bound) <= 1e-12 * bound, "seed \(seed)")
        }
    }

    /// One core and as many pieces as a plan may have: linear, or this takes minutes.
    @Test func manyPieces() {
        let load = Load(cpu: 1, memory: 0, network: 0)
        let table = PlacementProblem.Variable(
            name: "t", partitionBits: 17, loads: [Load](repeating: load, count: 1 << 17))
        let problem = PlacementProblem(
            variables: [table], hosts: [.init(member: MemberIncarnation(1), coreCount: 1)])
        #expect(LowerBound.worstLoad(problem) == 0x1p17)
    }

    /// A table that may be cut in four is a quarter as indivisible.
    @Test func whatMayBeSplit() {
        #expect(LowerBound.worstLoad(problem([8], cores: 4)) == 8)
        #expect(LowerBound.worstLoad(problem([8], cores: 4, splits: 2)) == 2)
        #expect(LowerBound.worstLoad(problem([8], cores: 8, splits: 2)) == 2)
    }
}
