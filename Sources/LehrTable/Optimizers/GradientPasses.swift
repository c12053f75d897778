import CLehrKernels

/// What is done to a row's gradient before the rule sees it, where it is asked for.
struct GradientPasses: Sendable {
    private let repairs: Bool
    private let scalesByShows: Bool
    private let valueLimit: Float?
    private let normLimit: Float?

    init(_ optimizer: Optimizer) {
        repairs = optimizer.notANumber == .clip
        scalesByShows = optimizer.scalesByShows
        valueLimit = optimizer.clipping.value
        normLimit = optimizer.clipping.norm
    }

    var isEmpty: Bool { !repairs && !scalesByShows && valueLimit == nil && normLimit == nil }

    /// Writes the gradient as the rule is to see it to `output`, both of `width` floats.
    ///
    /// - Returns: whether it had to be repaired.
    func prepare(
        _ gradient: UnsafeRawPointer, show: Float, into output: UnsafeMutablePointer<Float>,
        width: Int
    ) -> Bool {
        UnsafeMutableRawPointer(output).copyMemory(from: gradient, byteCount: 4 * width)
        let floats = FloatRun(start: UnsafeMutableRawPointer(output), count: width)
        let isBroken = repairs && !floats.isWithin(OptimizerKernel.gradientLimit)
        if isBroken { floats.repair() }
        // A show that is not a number is not above 1.
        if scalesByShows, show > 1 { floats.divide(by: show.bounded(by: .greatestFiniteMagnitude)) }
        if let valueLimit { floats.bound(by: valueLimit) }
        if let normLimit {
            let norm = lehr_sqrtf(floats.sumOfSquares())
            if norm > normLimit { floats.multiply(by: normLimit / norm) }
        }
        return isBroken
    }
}
