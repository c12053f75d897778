import LehrCore

@testable import LehrTable

/// A row that could not be simpler: arrays, every float updated by itself in the order of operations
/// that the rules promise.
struct ReferenceRow {
    var weight: [Float]
    /// Moments, or whatever a rule has for each float; of no meaning where it has none.
    var first: [Float]
    var second: [Float]
    /// What a rule has once for the row.
    var shared: Float = 0
    var step: UInt32 = 0
    var show: Float = 0
    var click: Float = 0
    private var powers: (first: PowerTable, second: PowerTable)?

    init(weight: [Float], optimizer: Optimizer) {
        self.weight = weight
        let zeros = [Float](repeating: 0, count: weight.count)
        (first, second) = (zeros, zeros)
        switch optimizer.rule {
        case .adagrad(let accumulator):
            first = zeros.map { _ in accumulator }
        case .ftrl(let beta):
            first = weight.map { w in
                let l1 = w == 0 ? 0 : w < 0 ? -optimizer.l1 : optimizer.l1
                return -w * (1 / optimizer.learningRate * beta + optimizer.l2) - l1
            }
        case .adam(let beta1, let beta2, _), .lazyAdam(let beta1, let beta2, _),
            .sharedAdam(let beta1, let beta2, _):
            powers = (PowerTable(base: Double(beta1)), PowerTable(base: Double(beta2)))
        default: break
        }
    }

    /// One step; `pushes` is how many the partition has applied before.
    mutating func update(
        _ pushed: some Collection<Float>, show: Float, optimizer: Optimizer, pushes: UInt64
    ) {
        step += 1
        let rate = optimizer.schedule.rate(optimizer.learningRate, at: pushes)
        let prepared = Self.prepared(Array(pushed), show: show, optimizer)
        var l2 = optimizer.l2
        if case .ftrl = optimizer.rule { l2 = 0 }
        let limit = OptimizerKernel.gradientLimit
        let g = zip(prepared, weight).map { Swift.max(-limit, Swift.min($0 + l2 * $1, limit)) }
        apply(g, rate, optimizer, pushes)
        for i in weight.indices {
            if case .ftrl = optimizer.rule {} else { shrink(i, by: rate * optimizer.l1) }
            if let bound = optimizer.clipping.weight {
                weight[i] = Swift.max(-bound, Swift.min(weight[i], bound))
            }
        }
    }

    private static func prepared(
        _ pushed: [Float], show: Float, _ optimizer: Optimizer
    ) -> [Float] {
        let limit = OptimizerKernel.gradientLimit
        var g = pushed
        if optimizer.notANumber == .clip {
            g = g.map { $0.isNaN ? 0 : Swift.max(-limit, Swift.min($0, limit)) }
        }
        if optimizer.scalesByShows, show > 1 {
            g = g.map { $0 / Swift.min(show, .greatestFiniteMagnitude) }
        }
        if let bound = optimizer.clipping.value {
            g = g.map { Swift.max(-bound, Swift.min($0, bound)) }
        }
        if let bound = optimizer.clipping.norm {
            let norm = Self.laneSum(g.map { $0 * $0 }).squareRoot()
            if norm > bound { g = g.map { $0 * (bound / norm) } }
        }
        return g
    }

    /// Float `i` goes to lane `i % 8`, and the lanes are added in the order that the kernel promises.
    private static func laneSum(_ floats: [Float]) -> Float {
        var lanes = [Float](repeating: 0, count: 8)
        for (i, float) in floats.enumerated() { lanes[i % 8] += float }
        let quads = (0..<4).map { lanes[$0] + lanes[$0 + 4] }
        return (quads[0] + quads[2]) + (quads[1] + quads[3])
    }

    private mutating func shrink(_ i: Int, by threshold: Float) {
        guard threshold > 0 else { return }
        let magnitude = Swift.max(abs(weight[i]) - threshold, 0)
        weight[i] = magnitude == 0 ? 0 : weight[i] < 0 ? -magnitude : magnitude
    }

    private mutating func apply(
        _ gradient: [Float], _ rate: Float, _ optimizer: Optimizer, _ pushes: UInt64
    ) {
        let meanSquare = Self.laneSum(gradient.map { $0 * $0 }) / Float(gradient.count)
        var rowRate = rate
        switch optimizer.rule {
        case .sharedAdagrad(let accumulator):
            rowRate = rate * (accumulator / (accumulator + shared)).squareRoot()
            shared += meanSquare
        case .sharedAdam(_, let beta2, let epsilon):
            let (scaled, correction) = corrections(rate, step)
            shared += (1 - beta2) * (meanSquare - shared)
            rowRate = scaled / ((correction * shared).squareRoot() + epsilon)
        default: break
        }
        for (i, g) in gradient.enumerated() {
            apply(g, i, rowRate, optimizer, pushes)
        }
    }

    private mutating func apply(
        _ g: Float, _ i: Int, _ rate: Float, _ optimizer: Optimizer, _ pushes: UInt64
    ) {
        switch optimizer.rule {
        case .sgd, .sharedAdagrad:
            weight[i] -= rate * g
        case .momentum(let decay, let isNesterov):
            first[i] = decay * first[i] + g
            weight[i] -= rate * (isNesterov ? g + decay * first[i] : first[i])
        case .adagrad:
            first[i] += g * g
            weight[i] -= rate * g / first[i].squareRoot()
        case .adam(let beta1, let beta2, let epsilon):
            adam(g, i, rate, beta1, beta2, epsilon, step)
        case .lazyAdam(let beta1, let beta2, let epsilon):
            adam(g, i, rate, beta1, beta2, epsilon, UInt32(pushes + 1))
        case .sharedAdam(let beta1, _, _):
            first[i] += (1 - beta1) * (g - first[i])
            weight[i] -= rate * first[i]
        case .rmsprop(let alpha, let epsilon):
            first[i] += (1 - alpha) * (g * g - first[i])
            weight[i] -= rate * g / (first[i].squareRoot() + epsilon)
        case .ftrl(let beta):
            let sum = second[i] + g * g
            let inverse = 1 / rate
            let sigma = inverse * (sum.squareRoot() - second[i].squareRoot())
            first[i] += g - sigma * weight[i]
            second[i] = sum
            let z = first[i]
            let l1 = optimizer.l1
            let beyond = z > l1 ? z - l1 : z + l1
            weight[i] =
                abs(z) <= l1
                ? 0 : -beyond / (inverse * (sum.squareRoot() + beta) + optimizer.l2)
        case .movingAverage(let decay):
            weight[i] += (1 - decay) * (g - weight[i])
        }
    }

    private mutating func adam(
        _ g: Float, _ i: Int, _ rate: Float, _ beta1: Float, _ beta2: Float, _ epsilon: Float,
        _ step: UInt32
    ) {
        first[i] += (1 - beta1) * (g - first[i])
        second[i] += (1 - beta2) * (g * g - second[i])
        let (scaled, correction) = corrections(rate, step)
        weight[i] -= scaled * first[i] / ((correction * second[i]).squareRoot() + epsilon)
    }

    private func corrections(_ rate: Float, _ step: UInt32) -> (rate: Float, second: Float) {
        guard let powers else { return (.nan, .nan) }
        let (power1, power2) = (powers.first.power(step), powers.second.power(step))
        return (Float(Double(rate) / (1 - power1)), Float(1 / (1 - power2)))
    }
}
