import LehrCore

/// The learning rate as a function of the pushes that a partition has applied.
///
/// Evaluated in double precision by operations that IEEE 754 rounds exactly, so that every machine
/// trains with the same rates.
package struct LearningRateSchedule: Hashable, Sendable, Codable {
    /// The factor that the rate is multiplied by, `t` pushes after warm-up.
    package enum Decay: Hashable, Sendable, Codable {
        /// 1
        case constant
        /// `factor^floor(t / every)`
        case step(factor: Double, every: UInt64)
        /// `factor^(t / every)`
        case exponential(factor: Double, every: UInt64)
        /// `1 / (1 + factor * t / every)`
        case inverseTime(factor: Double, every: UInt64)
        /// Half a period of a cosine from the rate to the rate `floor`, which is reached after `steps`
        /// pushes and kept (Loshchilov and Hutter 2017, without restarts).
        case cosine(floor: Float, steps: UInt64)
    }

    package var decay: Decay
    /// The first `warmUp` pushes have `1 / warmUp`, `2 / warmUp` ... of the rate; decay begins after
    /// them.
    package var warmUp: UInt64

    package static let constant = LearningRateSchedule(.constant)

    package init(_ decay: Decay, warmUp: UInt64 = 0) {
        self.decay = decay
        self.warmUp = warmUp
    }

    /// The rate of a push before which `step` others were applied: 0 to `rate`.
    func rate(_ rate: Float, at step: UInt64) -> Float {
        if step < warmUp { return Float(Double(rate) * (Double(step + 1) / Double(warmUp))) }
        let t = step - warmUp
        switch decay {
        case .constant:
            return rate
        case .step(let factor, let every):
            return Float(Double(rate) * exactPower(factor, t / every))
        case .exponential(let factor, let every):
            let part = Double(t % every) / Double(every)
            let rest = part == 0 ? 1 : exactExponential(exactLogarithm(factor) * part)
            return Float(Double(rate) * exactPower(factor, t / every) * rest)
        case .inverseTime(let factor, let every):
            return Float(Double(rate) / (1 + factor * (Double(t) / Double(every))))
        case .cosine(let floor, let steps):
            guard t < steps else { return floor }
            // (1 + cos 2x) / 2 = cos^2 x
            let cosine = exactCosine(.pi / 2 * (Double(t) / Double(steps)))
            return Float(Double(floor) + Double(rate - floor) * (cosine * cosine))
        }
    }
}
