import Glibc
import LehrCore
import Testing

@testable import LehrTable

@Suite struct PowerTableTests {
    @Test(arguments: [0.0, 0.5, 0.9, 0.999, 0.9999999])
    func powersAgreeWithTheLibrary(base: Double) {
        let table = PowerTable(base: base)
        var random = RandomSource(seed: 6)
        let exponents = (0..<200).map { _ in
            UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(32))
        }
        for exponent in [0, 1, 255, 256, 65_535, 65_536, .max] + exponents {
            let expected = pow(base, Double(exponent))
            #expect(abs(table.power(exponent) - expected) <= 1e-11)
        }
    }
}
