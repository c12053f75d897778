import Glibc
import LehrCore
import Testing

@testable import LehrTable

@Suite struct LearningRateScheduleTests {
    /// The formulas as papers give them, with the library's functions.
    private static func expected(
        _ decay: LearningRateSchedule.Decay, rate: Double, t: Double
    ) -> Double {
        switch decay {
        case .constant: rate
        case .step(let factor, let every): rate * pow(factor, floor(t / Double(every)))
        case .exponential(let factor, let every): rate * pow(factor, t / Double(every))
        case .inverseTime(let factor, let every): rate / (1 + factor * t / Double(every))
        case .cosine(let floor, let steps):
            t >= Double(steps)
                ? Double(floor)
                : Double(floor) + 0.5 * (rate - Double(floor)) * (1 + cos(.pi * t / Double(steps)))
        }
    }

    static let decays: [LearningRateSchedule.Decay] = [
        .constant, .step(factor: 0.1, every: 30), .step(factor: 0.5, every: 1 << 40),
        .exponential(factor: 0.9999, every: 1), .exponential(factor: 1e-9, every: 1000),
        .exponential(factor: 1, every: 7), .inverseTime(factor: 0.5, every: 100),
        .inverseTime(factor: 0, every: 1), .cosine(floor: 0.01, steps: 1000),
        .cosine(floor: 0, steps: 1 << 50), .cosine(floor: 0.3, steps: 1),
    ]

    @Test(arguments: decays, [0, 1, 250] as [UInt64])
    func aScheduleAgreesWithItsFormula(decay: LearningRateSchedule.Decay, warmUp: UInt64) {
        let schedule = LearningRateSchedule(decay, warmUp: warmUp)
        let base: Float = 0.3
        var random = RandomSource(seed: 31)
        let far = (0..<500).map { _ in random.next() >> UInt64(random.below(64)) }
        for step in Array(0..<2000) + far + [.max - 1, .max] {
            let rate = schedule.rate(base, at: step)
            let expected =
                step < warmUp
                ? Double(base) * Double(step + 1) / Double(warmUp)
                : Self.expected(decay, rate: Double(base), t: Double(step - warmUp))
            #expect(
                abs(Double(rate) - expected) <= 1e-7 * expected + 1e-16, "step \(step)")
            #expect(rate >= 0 && rate <= base)
        }
    }

    @Test func warmUpEndsAtTheRateThatDecayBeginsWith() {
        let schedule = LearningRateSchedule(.cosine(floor: 0, steps: 10), warmUp: 4)
        let rates = (0..<14).map { schedule.rate(1, at: $0) }
        #expect(Array(rates[..<5]) == [0.25, 0.5, 0.75, 1, 1])
        #expect(rates[5] < 1 && rates[9] == 0.5)
        #expect(schedule.rate(1, at: 14) == 0)
    }

    /// Pinned, so that a machine that trains with other rates is found out.
    @Test func ratesAreTheSameOnEveryMachine() {
        let decays = [
            Self.decays[1], Self.decays[3], Self.decays[4], Self.decays[6], Self.decays[8],
        ]
        let rates = decays.map { decay in
            bits([3, 77, 999].map { LearningRateSchedule(decay).rate(0.1, at: $0) })
        }
        #expect(
            rates == [
                [0x3DCC_CCCD, 0x3A83_126F, 0x0704_EC3D],
                [0x3DCC_BD13, 0x3DCB_3AA1, 0x3DB9_540C],
                [0x3DC0_7491, 0x3CA6_1B97, 0x2EE0_81C9],
                [0x3DC9_C5FE, 0x3D93_DEBB, 0x3C88_A5AF],
                [0x3DCC_CBC1, 0x3DCA_1DDE, 0x3C23_D7F8],
            ])
    }
}
