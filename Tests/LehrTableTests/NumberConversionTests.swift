import CLehrKernels
import LehrCore
import Testing

/// The kernels that shorten numbers, against Swift's own numbers and against each other.
@Suite struct NumberConversionTests {
    /// One conversion, from or to an odd address.
    private func narrowed(
        _ numbers: [Float], _ kernel: (UnsafePointer<Float>, UnsafeMutableRawPointer, Int) -> Void
    ) -> [UInt16] {
        var bytes = [UInt8](repeating: 0, count: 2 * numbers.count + 1)
        return bytes.withUnsafeMutableBytes { bytes in
            if let start = bytes.baseAddress { kernel(numbers, start + 1, numbers.count) }
            return numbers.indices.map {
                bytes.loadUnaligned(fromByteOffset: 2 * $0 + 1, as: UInt16.self)
            }
        }
    }

    private func widened(
        _ halves: [UInt16], _ kernel: (UnsafeRawPointer, UnsafeMutablePointer<Float>, Int) -> Void
    ) -> [UInt32] {
        let bytes = [0] + halves.withUnsafeBytes { [UInt8]($0) }
        var numbers = [Float](repeating: -1, count: halves.count)
        bytes.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { kernel(start + 1, &numbers, halves.count) }
        }
        return bits(numbers)
    }

    /// Bit patterns of all exponents alike, a few of which are on the border of two f16 or bf16.
    private func patterns(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomSource(seed: seed)
        return (0..<count).map { _ in
            let word = random.next()
            let border: UInt32 = [.max, .max, 0xFFFF_E000, 0xFFFF_F000, 0xFFFF_8000][
                Int(word >> 61) % 5]
            return Float(bitPattern: UInt32(truncatingIfNeeded: word) & border)
        }
    }

    private let allHalves = [UInt16](0...UInt16.max)

    @Test func everyF16AndBF16ComesBackAsItWas() {
        let f16 = widened(allHalves, lehr_f16_to_f32)
        #expect(f16 == allHalves.map { Float(Float16(bitPattern: $0)).bitPattern })
        let quiet = allHalves.map { Float16(bitPattern: $0).isNaN ? $0 | 0x200 : $0 }
        #expect(narrowed(f16.map { Float(bitPattern: $0) }, lehr_f32_to_f16) == quiet)

        let bf16 = widened(allHalves, lehr_bf16_to_f32)
        let quietNumbers = allHalves.map { half in
            let number = UInt32(half) << 16
            return Float(bitPattern: number).isNaN ? number | 0x40_0000 : number
        }
        #expect(bf16 == quietNumbers)
        #expect(
            narrowed(bf16.map { Float(bitPattern: $0) }, lehr_f32_to_bf16)
                == quietNumbers.map { UInt16($0 >> 16) })
    }

    @Test func f16IsAsSwiftRoundsItAndNeverInfiniteByRounding() {
        for seed in 1...4 as ClosedRange<UInt64> {
            let numbers = patterns(500_000, seed: seed)
            let halves = narrowed(numbers, lehr_f32_to_f16)
            for (number, half) in zip(numbers, halves) {
                var expected = Float16(number)
                if number.isFinite, expected.isInfinite {
                    expected = number < 0 ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude
                }
                guard half == expected.bitPattern else {
                    Issue.record("seed \(seed): \(number.bitPattern) is \(half)")
                    return
                }
            }
        }
    }

    @Test func bf16IsTheNearestAndNeverInfiniteByRounding() {
        func reference(_ number: Float) -> UInt16 {
            let bits = number.bitPattern
            if number.isNaN { return UInt16((bits | 0x40_0000) >> 16) }
            let below = bits & 0xFFFF_0000
            let rest = bits & 0xFFFF
            let isUp = rest > 0x8000 || rest == 0x8000 && below & 0x1_0000 != 0
            let nearest = isUp ? below &+ 0x1_0000 : below
            let isTooLarge = number.isFinite && !Float(bitPattern: nearest).isFinite
            return UInt16((isTooLarge ? below : nearest) >> 16)
        }
        for seed in 1...4 as ClosedRange<UInt64> {
            let numbers = patterns(500_000, seed: seed)
            #expect(narrowed(numbers, lehr_f32_to_bf16) == numbers.map(reference), "seed \(seed)")
        }
    }

    @Test func whatIsTooLargeOrNotANumber() {
        let numbers: [Float] = [
            65504, 65519.996, 65520, -1e9, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
            0x1p-25, 0x1.000002p-25, -0x1p-26, 0,
        ]
        #expect(
            narrowed(numbers, lehr_f32_to_f16)
                == [
                    0x7BFF, 0x7BFF, 0x7BFF, 0xFBFF, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0, 1, 0x8000, 0,
                ])
        #expect(
            narrowed(
                [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, .nan],
                lehr_f32_to_bf16) == [0x7F7F, 0xFF7F, 0x7F80, 0x7FC0])
    }

    @Test func withAndWithoutTheProcessorsInstructionsItIsTheSame() {
        #expect(widened(allHalves, lehr_f16_to_f32) == widened(allHalves, lehr_f16_to_f32_plain))
        let numbers = patterns(1_000_000, seed: 9)
        #expect(
            narrowed(numbers, lehr_f32_to_f16) == narrowed(numbers, lehr_f32_to_f16_plain))
    }

    /// Any count, so that the last few numbers are converted, and nothing behind them is touched.
    @Test func lengthsThatAreNoMultipleOfAnything() {
        for count in 0...67 {
            let numbers = patterns(count, seed: UInt64(count + 1))
            for kernel in [lehr_f32_to_f16, lehr_f32_to_bf16] {
                var all = [UInt16](repeating: 0xABCD, count: count + 20)
                kernel(numbers, &all, count)
                #expect(Array(all[..<count]) == numbers.flatMap { narrowed([$0], kernel) })
                #expect(all[count...].allSatisfy { $0 == 0xABCD })
            }
            let halves = narrowed(numbers, lehr_f32_to_f16)
            for kernel in [lehr_f16_to_f32, lehr_bf16_to_f32] {
                var all = [Float](repeating: 7, count: count + 20)
                kernel(halves, &all, count)
                #expect(bits(Array(all[..<count])) == halves.flatMap { widened([$0], kernel) })
                #expect(all[count...].allSatisfy { $0 == 7 })
            }
        }
    }
}
