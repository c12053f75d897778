import CLehrKernels
import LehrCore

/// Applies an optimizer to rows in place; the rule is chosen once for each block of rows.
///
/// Each float of a row is updated by itself, sums over a row run over eight lanes whose order is fixed,
/// and every operation is rounded as IEEE 754 says, so the result does not depend on the vector width,
/// the machine or the order of the rows.
final class OptimizerKernel: Sendable {
    /// Largest magnitude of a gradient that is applied: 2^40, about 1e12.
    ///
    /// Also the bound that a gradient is clamped to once decay is added. Together with the ranges
    /// of `TableSpec.validate` it keeps every stored value finite without a check after the update.
    ///
    /// A sum of 32-bit floats stops growing at 2^25 times its largest addend, since that is then below
    /// half a unit of the sum's last bit. So it is enough that every addend stays below 2^102, however
    /// many there are:
    ///
    /// - Squares of gradients are below 2^80 each, and so is their mean over a row; sums of them, `G`
    ///   and `n`, stay below 2^105. The square sum of a row, for its norm, is below 2^92.
    /// - Moving averages, the moments of Adam and RMSProp and the weights of `movingAverage`, move
    ///   towards a number of at most 2^40 or 2^80 and do not pass it by more than a rounding. A
    ///   momentum adds at most 2^40 to a multiple below 1 of itself: below 2^65.
    /// - The rate is at most 1e3 (2^10), and a schedule only lowers it. SGD steps by less than
    ///   2^50, momentum and Nesterov's by less than 2^76. AdaGrad steps by at most the rate, for `G` is
    ///   no less than `g^2`; with a shared accumulator by less than 2^50. RMSProp and Adam divide a
    ///   number below 2^51 (Adam's corrected first moment is a weighted mean of gradients) by at least
    ///   epsilon, 1e-15: less than 2^101. The correction of lazy Adam knows nothing of a key that comes
    ///   many times in one push; there it is below 2^14 and epsilon at least 1e-10: less than 2^99.
    /// - So the weights of these rules stay below 2^127, and a gradient with decay is the sum of two
    ///   finite numbers before it is clamped. That cannot be infinite, either: `l2` is at most 1.
    /// - FTRL bounds `z` by 2^80 and divides it by at least `beta / rate`, no less than 1e-9: weights
    ///   stay below 2^110. `s` is below 2^53 / 1e-6; should `s * w` be infinite, which takes weights
    ///   that no training has, then `z` is at its bound, never a NaN, as `g` and the old `z` are finite.
    /// - Scaling by shows, both clippings and L1 only bring a number nearer to zero; `rate * l1` is
    ///   finite. The policy `clip` has the gradient within the limit before anything else is done.
    static let gradientLimit: Float = 0x1p40

    /// Whether the optimizer makes weights that are exactly zero, which `apply` then counts.
    var countsZeros: Bool { weightPasses.countsZeros }

    private let optimizer: Optimizer
    private let width: Int
    let weightOffset: Int
    private let stateOffset: Int
    private let stateCount: Int
    /// What every float of a new row's state is, but for FTRL's.
    private let initialState: Float
    private let gradientPasses: GradientPasses
    private let weightPasses: WeightPasses
    private let adamNumbers: AdamNumbers

    convenience init(optimizer: Optimizer, shape: RowShape) {
        self.init(
            optimizer: optimizer, width: shape.width, weightOffset: shape.weightOffset,
            stateOffset: shape.stateOffset)
    }

    /// For rows with `width` floats of weight at `weightOffset`, and the state at `stateOffset`, in
    /// bytes from a row's start.
    init(
        optimizer: Optimizer, width: Int, weightOffset: Int = RowShape.headerBytes, stateOffset: Int
    ) {
        self.weightOffset = weightOffset
        self.optimizer = optimizer
        self.width = width
        self.stateOffset = stateOffset
        stateCount = OptimizerLayout(rule: optimizer.rule, width: width).stateCount
        if case .adagrad(let accumulator) = optimizer.rule {
            initialState = accumulator
        } else {
            initialState = 0
        }
        gradientPasses = GradientPasses(optimizer)
        weightPasses = WeightPasses(optimizer)
        switch optimizer.rule {
        case .adam(let beta1, let beta2, let epsilon),
            .lazyAdam(let beta1, let beta2, let epsilon),
            .sharedAdam(let beta1, let beta2, let epsilon):
            adamNumbers = AdamNumbers(beta1: beta1, beta2: beta2, epsilon: epsilon)
        default:
            adamNumbers = AdamNumbers(beta1: 0, beta2: 0, epsilon: 0)
        }
    }

    /// Whether the `width` floats of a gradient can be applied: all numbers within the limit, or
    /// anything where the policy is to clip.
    @inline(__always)
    func isApplicable(_ gradient: UnsafeRawPointer) -> Bool {
        FloatRun(start: UnsafeMutableRawPointer(mutating: gradient), count: width)
            .isWithin(Self.gradientLimit) || optimizer.notANumber == .clip
    }

    /// Whether that holds for `count` gradients, one behind the other; where it does not, it may still
    /// hold for some of them.
    func areApplicable(_ gradients: UnsafeRawPointer, count: Int) -> Bool {
        optimizer.notANumber == .clip
            || lehr_all_within(gradients, count * width, Self.gradientLimit) != 0
    }

    /// A show or click count as it is to be added to a row; nil where that is refused.
    @inline(__always)
    func applicable(_ count: Float) -> Float? {
        if abs(count) <= Self.gradientLimit { return count }
        guard optimizer.notANumber == .clip else { return nil }
        return count.isNaN ? 0 : count.bounded(by: Self.gradientLimit)
    }

    /// Whether the state of a new row is a function of its weight.
    var stateNeedsWeight: Bool {
        if case .ftrl = optimizer.rule { return true }
        return false
    }

    /// Writes the state of a new row.
    ///
    /// - Parameter weight: the `width` floats of its initial weight.
    func initializeState(of row: UnsafeMutableRawPointer, weight: UnsafePointer<Float>) {
        let state = row.floats(at: stateOffset)
        state.update(repeating: initialState, count: stateCount)
        if case .ftrl(let beta) = optimizer.rule {
            let rule = ftrl(rate: optimizer.learningRate, beta: beta)
            for i in 0..<width { state[i] = rule.initialZ(of: weight[i]) }
        }
    }

    /// How many floats of a row's weight are exactly zero.
    func zeroCount(of weight: UnsafeMutablePointer<Float>) -> Int {
        FloatRun(start: UnsafeMutableRawPointer(weight), count: width).zeroCount()
    }
}

// MARK: - Blocks

extension OptimizerKernel {
    /// What a push has in common for all its rows.
    struct Step {
        /// The pushes that the partition has applied before this one.
        let number: UInt64
        let rate: Float
    }

    /// The push before which a partition applied `number` others.
    func step(_ number: UInt64) -> Step {
        Step(number: number, rate: optimizer.schedule.rate(optimizer.learningRate, at: number))
    }

    /// Rows and what is to change them.
    private struct Block {
        let rows: UnsafeBufferPointer<UnsafeMutableRawPointer?>
        let weights: UnsafeMutablePointer<Float>?
        let gradients: UnsafeRawPointer
        let gradientStride: Int
        let shows: PackedElements<Float>?
        let rate: Float
    }

    /// Applies gradients to rows, in order.
    ///
    /// - Parameters:
    ///   - rows: nil ones are left out.
    ///   - weights: nil where each row has its weight; otherwise that of `rows[i]` is at
    ///     `weights + i * width`.
    ///   - gradients: that of `rows[i]` is `width` floats from `gradients + i * gradientStride` bytes,
    ///     at any alignment, and `isApplicable`.
    ///   - shows: those of the push, for scaling by them.
    ///   - step: which push of the partition this is.
    func apply(
        to rows: UnsafeBufferPointer<UnsafeMutableRawPointer?>,
        weights: UnsafeMutablePointer<Float>?, gradients: UnsafeRawPointer, gradientStride: Int,
        shows: PackedElements<Float>?, step: Step
    ) -> KernelOutcome {
        let rate = step.rate
        let block = Block(
            rows: rows, weights: weights, gradients: gradients, gradientStride: gradientStride,
            shows: shows, rate: rate)
        switch optimizer.rule {
        case .sgd:
            return apply(SGD(rate: rate), to: block)
        case .momentum(let decay, isNesterov: false):
            return apply(Momentum(rate: rate, decay: decay), to: block)
        case .momentum(let decay, isNesterov: true):
            return apply(NesterovMomentum(rate: rate, decay: decay), to: block)
        case .adagrad:
            return apply(Adagrad(rate: rate), to: block)
        case .sharedAdagrad(let accumulator):
            return apply(SharedAdagrad(rate: rate, initialAccumulator: accumulator), to: block)
        case .adam:
            return apply(Adam(rate: rate, numbers: adamNumbers), to: block)
        case .lazyAdam:
            return apply(LazyAdam(rate: rate, numbers: adamNumbers, step: step.number), to: block)
        case .sharedAdam:
            return apply(SharedAdam(rate: rate, numbers: adamNumbers), to: block)
        case .rmsprop(let alpha, let epsilon):
            return apply(RMSProp(rate: rate, alpha: alpha, epsilon: epsilon), to: block)
        case .ftrl(let beta):
            return apply(ftrl(rate: rate, beta: beta), to: block)
        case .movingAverage(let decay):
            return apply(MovingAverage(decay: decay), to: block)
        }
    }

    private func ftrl(rate: Float, beta: Float) -> FTRL {
        FTRL(rate: rate, beta: beta, l1: optimizer.l1, l2: optimizer.l2)
    }

    /// What decay adds to gradients; FTRL has its own.
    private var l2: Float {
        if case .ftrl = optimizer.rule { return 0 }
        return optimizer.l2
    }

    @inline(__always)
    private func apply<Rule: RowRule>(_ rule: Rule, to block: Block) -> KernelOutcome {
        guard gradientPasses.isEmpty, weightPasses.isEmpty else {
            return applyWithPasses(rule, to: block)
        }
        let l2 = l2
        for i in block.rows.indices {
            guard let row = block.rows[i] else { continue }
            let gradient = block.gradients + i * block.gradientStride
            rule.update(self.row(row, i, block, gradient, l2))
        }
        return KernelOutcome()
    }

    /// As `apply`, for optimizers with options: a row and its gradient are near, so that further
    /// passes over them cost little.
    private func applyWithPasses<Rule: RowRule>(_ rule: Rule, to block: Block) -> KernelOutcome {
        let l2 = l2
        var outcome = KernelOutcome()
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { buffer in
            guard let scratch = buffer.baseAddress else { return }
            for i in block.rows.indices {
                guard let row = block.rows[i] else { continue }
                var gradient = block.gradients + i * block.gradientStride
                if !gradientPasses.isEmpty {
                    let isRepaired = gradientPasses.prepare(
                        gradient, show: block.shows?[i] ?? 1, into: scratch, width: width)
                    if isRepaired { outcome.repaired += 1 }
                    gradient = UnsafeRawPointer(scratch)
                }
                let update = self.row(row, i, block, gradient, l2)
                let weight = FloatRun(start: update.weight, count: width)
                let zeros = countsZeros ? weight.zeroCount() : 0
                rule.update(update)
                weightPasses.finish(weight, rate: block.rate)
                if countsZeros { outcome.zeros += weight.zeroCount() - zeros }
            }
        }
        return outcome
    }

    @inline(__always)
    private func row(
        _ row: UnsafeMutableRawPointer, _ index: Int, _ block: Block,
        _ gradient: UnsafeRawPointer, _ l2: Float
    ) -> RowUpdate {
        let weight =
            block.weights.map { UnsafeMutableRawPointer($0 + index * width) }
            ?? row + weightOffset
        return RowUpdate(
            header: row.header, weight: weight, state: row + stateOffset,
            gradient: gradient, width: width, l2: l2)
    }
}
