/// `base^n` for a base of 0 to 1 and any 32-bit `n`, from four tables of 256 powers, one for each
/// byte of `n`.
///
/// Built and evaluated by multiplication alone, so every machine gets the same bits, which `pow`
/// of the C library does not promise. The absolute error is below 1e-11.
struct PowerTable: Sendable {
    /// Entry `256 * i + j` is `base^(j * 256^i)`.
    private let powers: [Double]

    init(base: Double) {
        var powers: [Double] = []
        powers.reserveCapacity(1024)
        var unit = base
        for _ in 0..<4 {
            var power = 1.0
            for _ in 0..<256 {
                powers.append(power)
                power *= unit
            }
            unit = power
        }
        self.powers = powers
    }

    func power(_ exponent: UInt32) -> Double {
        let low = powers[Int(exponent & 255)] * powers[256 + Int(exponent >> 8 & 255)]
        guard exponent > 0xFFFF else { return low }
        return low * powers[512 + Int(exponent >> 16 & 255)] * powers[768 + Int(exponent >> 24)]
    }
}
