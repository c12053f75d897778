import LehrTable

extension JobSection {
    private static let decays = ["constant", "step", "exponential", "inverse-time", "cosine"]

    /// The `schedule` of an optimizer whose learning rate is `rate`.
    func schedule(rate: Float) -> LearningRateSchedule {
        guard has("schedule") else { return .constant }
        let section = section("schedule")
        let longest = Int(LearningRateSchedule.periods.upperBound)
        let warmUp = section.integer("warm-up", in: 0...longest, default: 0)
        // Without a kind it is for the warm-up alone.
        let isWarmUp = warmUp > 0 && !section.has("kind")
        guard let kind = isWarmUp ? "constant" : section.word("kind", among: Self.decays) else {
            if !section.has("kind") {
                section.report(
                    "kind", "missing; expected one of \(Self.decays.joined(separator: ", "))")
            }
            section.passAll()
            return .constant
        }
        defer { section.finish() }
        return LearningRateSchedule(section.decay(kind, rate: rate), warmUp: UInt64(warmUp))
    }

    private func decay(_ kind: String, rate: Float) -> LearningRateSchedule.Decay {
        let factors = LearningRateSchedule.factors
        switch kind {
        case "constant": return .constant
        case "step":
            return .step(
                factor: number("factor", in: factors, default: 0.1), every: pushes("every"))
        case "exponential":
            return .exponential(
                factor: number("factor", in: factors, default: 0.5), every: pushes("every"))
        case "inverse-time":
            return .inverseTime(
                factor: number("factor", in: LearningRateSchedule.inverseFactors, default: 1),
                every: pushes("every"))
        default:
            let floor: Float = number("floor", in: 0...Optimizer.rates.upperBound, default: 0)
            if floor > rate { report("floor", "at most learning-rate, found \(floor)") }
            return .cosine(floor: Swift.min(floor, rate), steps: pushes("steps"))
        }
    }

    /// A number of pushes that has to be given.
    private func pushes(_ key: String) -> UInt64 {
        let longest = Int(LearningRateSchedule.periods.upperBound)
        if !has(key) { report(key, "missing; expected a whole number from 1 to \(longest)") }
        return UInt64(integer(key, in: 1...longest, default: 1))
    }
}
