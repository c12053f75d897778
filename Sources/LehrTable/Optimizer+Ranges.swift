/// What the numbers of an optimizer may be: the bounds of `OptimizerKernel.gradientLimit`.
extension Optimizer {
    package static let rates: ClosedRange<Float> = 0...1e3
    package static let accumulators: ClosedRange<Float> = 1e-20...1e20
    package static let epsilons: ClosedRange<Float> = 1e-15...1
    /// Of moving averages and momenta: 0 to below 1.
    package static let decays: ClosedRange<Float> = 0...Float(1).nextDown
    package static let lazyBeta1Limit: Float = 0.9999
    package static let lazyEpsilons: ClosedRange<Float> = 1e-10...1
    package static let ftrlBetas: ClosedRange<Float> = 1e-6...1e6
    package static let ftrlRates: ClosedRange<Float> = 1e-6...1e3
    /// Of `l1`, and of FTRL's `l2`.
    package static let penalties: ClosedRange<Float> = 0...1e3
    /// Of `l2` elsewhere.
    package static let decayPenalties: ClosedRange<Float> = 0...1
}

extension Optimizer.Rule {
    /// FTRL's rate falls by itself, and its state is worth what the rate makes of it; a moving average
    /// has none.
    package var takesSchedule: Bool {
        switch self {
        case .ftrl, .movingAverage: false
        default: true
        }
    }
}

extension LearningRateSchedule {
    /// Of steps and exponential decay.
    package static let factors: ClosedRange<Double> = 1e-9...1
    package static let inverseFactors: ClosedRange<Double> = 0...1e9
    /// Pushes, exact in a double.
    package static let periods: ClosedRange<UInt64> = 1...1 << 53
}

extension Clipping {
    package static let limits: ClosedRange<Float> = 1e-6...1e12
}
