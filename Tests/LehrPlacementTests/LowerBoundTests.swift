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

    /// A table that may be cut in four is a quarter as indivisible.
    @Test func whatMayBeSplit() {
        #expect(LowerBound.worstLoad(problem([8], cores: 4)) == 8)
        #expect(LowerBound.worstLoad(problem([8], cores: 4, splits: 2)) == 2)
        #expect(LowerBound.worstLoad(problem([8], cores: 8, splits: 2)) == 2)
    }
}
