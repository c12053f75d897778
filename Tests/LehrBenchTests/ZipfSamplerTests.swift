import Glibc
import LehrCore
import Testing

@testable import LehrBench

@Suite struct ZipfSamplerTests {
    /// Chi-square over the first ranks one by one and the others in bands.
    @Test(arguments: [(1, 1.05), (2, 1.05), (1000, 1.05), (1000, 2.5), (30, 1.0001)])
    func ranksComeAsOftenAsTheLawSays(count: Int, exponent: Double) {
        let sampler = ZipfSampler(count: count, exponent: exponent)
        var random = RandomSource(seed: 5)
        let draws = 200_000
        var counts = [Int](repeating: 0, count: count + 1)
        for _ in 0..<draws { counts[sampler.draw(&random)] += 1 }
        #expect(counts[0] == 0)

        let weights = (1...count).map { pow(Double($0), -exponent) }
        let scale = Double(draws) / weights.reduce(0, +)
        var (chiSquare, bands) = (0.0, 0)
        var first = 1
        while first <= count {
            let last = min(first < 20 ? first : first * 3 / 2, count)
            let expected = scale * weights[first - 1...last - 1].reduce(0, +)
            let difference = Double(counts[first...last].reduce(0, +)) - expected
            chiSquare += difference * difference / expected
            bands += 1
            first = last + 1
        }
        // Mean and variance of chi-square are its degrees of freedom and twice that: six deviations.
        let freedom = Double(bands - 1)
        #expect(chiSquare <= freedom + 6 * (2 * freedom).squareRoot() + 1e-9, "\(bands) bands")
    }

    @Test func aBillionRanksAreNoMoreWork() {
        let count = 1_000_000_000
        let exponent = 1.05
        let sampler = ZipfSampler(count: count, exponent: exponent)
        var random = RandomSource(seed: 6)
        let draws = 100_000
        let ranks = (0..<draws).map { _ in sampler.draw(&random) }
        // The sum of the law: the first thousand terms, and the rest by the midpoint rule.
        let total =
            (1...1000).reduce(0) { $0 + pow(Double($1), -exponent) }
            + (pow(1000.5, -0.05) - pow(Double(count) + 0.5, -0.05)) / 0.05
        for (bound, probability) in [
            (1, 1 / total),
            (1000, 1 - (pow(1000.5, -0.05) - pow(1e9, -0.05)) / 0.05 / total),
            (100_000_000, 1 - (pow(1e8, -0.05) - pow(1e9, -0.05)) / 0.05 / total),
        ] {
            let expected = Double(draws) * probability
            let deviation = (expected * (1 - probability)).squareRoot()
            let found = Double(ranks.count { $0 <= bound })
            #expect(abs(found - expected) < 6 * deviation, "ranks up to \(bound)")
        }
        #expect(ranks.allSatisfy { (1...count).contains($0) })
    }
}
