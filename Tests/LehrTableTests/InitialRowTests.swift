import Glibc
import LehrCore
import Testing

@testable import LehrTable

@Suite struct InitialRowTests {
    @Test func aConstantFillsTheRow() {
        let initial = InitialRow(spec: .sample(dimension: 3, initializer: .constant(0.25)))
        #expect(initial.row(9, dimension: 3) == [0.25, 0.25, 0.25])
    }

    @Test func uniformRowsDrawFromTheKeysOwnStream() {
        let spec = TableSpec.sample(
            dimension: 5, initializer: .uniform(low: -1, high: 3), seed: 42)
        var random = RandomSource(seed: 42, path: 1234)
        let expected = (0..<5).map { _ in -1 + 4 * random.uniform() }
        #expect(InitialRow(spec: spec).row(1234, dimension: 5) == expected)
    }

    @Test func uniformStaysBelowItsUpperEnd() {
        // Three values only: rounding up to `high` would be common.
        let low = Float(1)
        let high = low.nextUp.nextUp
        let initial = InitialRow(
            spec: .sample(dimension: 64, initializer: .uniform(low: low, high: high)))
        let values = (0..<50).flatMap { initial.row($0, dimension: 64) }
        #expect(Set(values) == [low, low.nextUp])
    }

    @Test func normalRowsHaveTheirMoments() {
        let initial = InitialRow(spec: .sample(dimension: 50, initializer: .normal(deviation: 2)))
        let values = (0..<400).flatMap { initial.row($0, dimension: 50).map(Double.init) }
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + $1 * $1 } / count
        let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
        // Four standard errors each of 20,000 draws.
        #expect(abs(mean) < 0.057)
        #expect(abs(variance - 4) < 0.16)
        #expect(abs(fourth - 48) < 4.5)
    }

    /// Of 100,000 keys, with bounds of four standard errors.
    @Test(arguments: [
        (Initializer.uniform(low: -0.5, high: 0.5), 0.288675, 0.0125),
        (.normal(deviation: 0.5), 0.5, 0.75 / 4),
        (.truncatedNormal(deviation: 0.5), 0.43981, 0.0886),
    ])
    func momentsOfManyKeys(initializer: Initializer, deviation: Double, fourth: Double) {
        let initial = InitialRow(spec: .sample(dimension: 1, initializer: initializer, seed: 99))
        var (sum, squares, fourths, largest) = (0.0, 0.0, 0.0, 0.0)
        let count = 100_000
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 1) { buffer in
            guard let weight = buffer.baseAddress else { return }
            for key in 0..<UInt64(count) {
                initial.fill(key: key, into: weight)
                let x = Double(weight.pointee)
                sum += x
                squares += x * x
                fourths += x * x * x * x
                largest = Swift.max(largest, abs(x))
            }
        }
        let standardError = deviation / Double(count).squareRoot()
        #expect(abs(sum / Double(count)) < 4 * standardError)
        let variance = deviation * deviation
        let spread = ((fourth - variance * variance) / Double(count)).squareRoot()
        #expect(abs(squares / Double(count) - variance) < 4 * spread)
        #expect(abs(fourths / Double(count) - fourth) < 0.05 * fourth)
        switch initializer {
        case .truncatedNormal: #expect(largest <= 1 && largest > 0.999)
        case .normal: #expect(largest > 1.9)
        default: #expect(largest <= 0.5 && largest > 0.4999)
        }
    }

    @Test func aTruncatedNormalIsCutAtTwoDeviations() {
        // The ends of the quantile's range, where rounding could pass the bound.
        for p in [0.022750131948179207, 0.022750131948179207 + 0.954499736103641586] {
            #expect(abs(abs(normalQuantile(p)) - 2) < 1e-6)
        }
        let initial = InitialRow(
            spec: .sample(dimension: 64, initializer: .truncatedNormal(deviation: 3)))
        let values = (0..<2000).flatMap { initial.row($0, dimension: 64) }
        #expect(values.allSatisfy { abs($0) <= 6 })
        #expect(Set(values).count > values.count - 500)
    }

    @Test func theQuantileInvertsTheNormalDistribution() {
        var random = RandomSource(seed: 3)
        for round in 0..<20_000 {
            // Every second one far out in a tail, down to 2^-52.
            var p = Double(random.next() >> 12) * 0x1p-52 + 0x1p-53
            if round % 2 == 0 { p /= Double(1 << random.below(50)) }
            let x = Double(normalQuantile(p))
            let back = 0.5 * erfc(-x / 2.0.squareRoot())
            // A relative error e of x moves the tail probability by about e x^2.
            #expect(abs(back - p) < 3e-7 * p * (1 + x * x), "p = \(p)")
            let mirrored = Double(normalQuantile(1 - p))
            if p > 1e-3 { #expect(abs(mirrored + x) < 1e-5) }
        }
    }

    /// Pinned, so that a machine that draws other rows is found out.
    @Test func rowsAreTheSameOnEveryMachine() {
        let uniform = InitialRow(
            spec: .sample(dimension: 2, initializer: .uniform(low: -0.05, high: 0.05), seed: 1))
        let normal = InitialRow(
            spec: .sample(dimension: 4, initializer: .normal(deviation: 0.01), seed: 1))
        #expect(bits(uniform.row(1, dimension: 2)) == [0x3D0A_539F, 0xBD16_48E5])
        let expected: [UInt32] = [0x3C21_65EB, 0xBC36_2BD0, 0xBA5B_E669, 0x3BB8_0E7B]
        #expect(bits(normal.row(1, dimension: 4)) == expected)
        let truncated = InitialRow(
            spec: .sample(dimension: 2, initializer: .truncatedNormal(deviation: 0.01), seed: 1))
        #expect(bits(truncated.row(1, dimension: 2)) == [0x3C17_71AA, 0xBC29_F547])
        #expect(bits(truncated.row(.max, dimension: 2)) == [0x3C73_5238, 0xBC95_6883])
        #expect(bits(uniform.row(.max, dimension: 2)) == [0x3D39_0EB1, 0xBD47_EF2F])
        #expect(bits(Array(normal.row(.max, dimension: 4)[..<2])) == [0x3C88_3287, 0xBCB9_38EB])
    }

    @Test func seedsAndKeysMakeDifferentRows() {
        let one = InitialRow(spec: .sample(seed: 1))
        let two = InitialRow(spec: .sample(seed: 2))
        let rows = (0..<500).flatMap { key in
            [one.row(key, dimension: 4), two.row(key, dimension: 4)]
        }
        #expect(Set(rows).count == rows.count)
    }
}
