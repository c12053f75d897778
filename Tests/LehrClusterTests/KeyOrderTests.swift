import LehrCore
import Testing

@testable import LehrCluster

@Suite struct KeyOrderTests {
    @Test func itIsThatOfAStableSort() {
        var random = RandomSource(seed: 1)
        for count in [0, 1, 2, 100, 3000] {
            for shift in [0, 20, 40, 60] as [UInt64] {
                let keys = (0..<count).map { _ in (random.next() >> shift) << (shift / 3) }
                let expected = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
                #expect(ascendingOrder(of: keys) == expected.map { Int32($0) })
                let ascending = keys.sorted()
                #expect(ascendingOrder(of: ascending) == ascending.indices.map { Int32($0) })
            }
        }
        #expect(ascendingOrder(of: [.max, 0, .max, 0]) == [1, 3, 0, 2])
    }
}
