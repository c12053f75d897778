import Glibc
import LehrCore
import Testing

@Suite struct ExactFunctionsTests {
    @Test func theLogarithmAgreesWithTheLibrary() {
        var random = RandomSource(seed: 4)
        for _ in 0..<10_000 {
            let x = (1 + Double(random.uniform())) / Double(1 << random.below(60))
            #expect(abs(exactLogarithm(x) - log(x)) <= 1e-14 * Swift.max(1, abs(log(x))))
        }
    }

    @Test func theyAgreeWithTheLibrary() {
        var random = RandomSource(seed: 32)
        for _ in 0..<20_000 {
            let unit = Double(random.next() >> 11) * 0x1p-53
            let x = -700 * unit
            #expect(abs(exactExponential(x) - exp(x)) <= 1e-13 * exp(x))
            let angle = .pi / 2 * unit
            #expect(abs(exactCosine(angle) - cos(angle)) <= 1e-15)
            let exponent = random.next() >> UInt64(44 + random.below(20))
            let power = pow(unit, Double(exponent))
            #expect(abs(exactPower(unit, exponent) - power) <= 1e-9 * power + 1e-300)
        }
        #expect(exactExponential(0) == 1 && exactCosine(0) == 1)
        #expect(abs(exactCosine(.pi / 2)) < 1e-15)
        #expect(exactPower(0.5, .max) == 0 && exactPower(1, .max) == 1)
    }
}
