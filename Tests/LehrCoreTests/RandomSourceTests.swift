import LehrCore
import Testing

@Suite struct RandomSourceTests {
    @Test func sameSeedSameNumbers() {
        var left = RandomSource(seed: 7)
        var right = RandomSource(seed: 7)
        for _ in 0..<100 { #expect(left.next() == right.next()) }
    }

    @Test func pathsAreStreamsOfTheirOwn() {
        var streams = Set<UInt64>()
        for job in UInt64(0)..<10 {
            for part in UInt64(0)..<10 {
                var random = RandomSource(seed: 1, path: job, part)
                streams.insert(random.next())
            }
        }
        #expect(streams.count == 100)
    }

    @Test func boundedNumbersStayInBoundsAndCoverThem() {
        var random = RandomSource(seed: 3)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<7000 { counts[random.below(7)] += 1 }
        // Six standard deviations of a binomial with n = 7000, p = 1/7 are about 176.
        #expect(counts.allSatisfy { abs($0 - 1000) < 180 })
        for _ in 0..<1000 { #expect((0..<1).contains(random.uniform())) }
    }
}

@Suite struct InstantTests {
    @Test func arithmeticIsExactAndClampedAtTheOrigin() {
        let start = Instant(nanoseconds: 5_000_000_000)
        #expect((start + .seconds(2)) - start == .seconds(2))
        #expect(start - (start + .milliseconds(3)) == .milliseconds(-3))
        #expect((start + .seconds(-9)).nanoseconds == 0)
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
    }
}
