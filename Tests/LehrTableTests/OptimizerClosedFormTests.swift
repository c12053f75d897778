import Glibc
import LehrCore
import Testing

@testable import LehrTable

/// Rules and options against double precision, by the formulas as they stand in the papers, over many
/// rows and thousands of steps.
@Suite struct OptimizerClosedFormTests {
    static let optimizers: [Optimizer] =
        Optimizer.everyRule
        + Optimizer.everyRule.map { plain in
            var optimizer = plain
            if case .movingAverage = plain.rule { return optimizer }
            (optimizer.l1, optimizer.l2) = (0.03, 0.01)
            if plain.rule.takesSchedule {
                optimizer.schedule = LearningRateSchedule(
                    .cosine(floor: plain.learningRate / 10, steps: 1500), warmUp: 50)
            }
            return optimizer
        }

    @Test(arguments: optimizers, [1, 11])
    func aRuleAgreesWithDoublePrecision(optimizer: Optimizer, dimension: Int) throws {
        let spec = TableSpec.sample(
            dimension: dimension, optimizer: optimizer, seed: UInt64(dimension))
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let keys = (0..<12).map { UInt64($0) }
        var rows = keys.map { key in
            Row(weights: partition.pull([key]).map { Weight(Double($0), optimizer) })
        }
        var random = RandomSource(seed: 5, path: UInt64(dimension))
        // Each row has a slope of its own, so that weights go somewhere and stay there.
        let targets = rows.map { _ in random.uniform() - 0.5 }
        for push in 0..<2000 {
            // A row in four; the others stay as they are.
            let touched = keys.filter { _ in random.below(4) == 0 }
            var gradients: [Float] = []
            for key in touched {
                let row = rows[Int(key)]
                gradients += row.weights.map { weight in
                    Float(weight.w) - targets[Int(key)] + random.uniform() - 0.5
                }
            }
            partition.push(touched, gradients)
            guard !touched.isEmpty else { continue }
            let pushes = partition.pushCount
            let rate = Double(optimizer.schedule.rate(optimizer.learningRate, at: pushes - 1))
            for (i, key) in touched.enumerated() {
                let pushed = gradients[i * dimension..<(i + 1) * dimension].map(Double.init)
                rows[Int(key)].step(pushed, rate: rate, optimizer, t: Double(pushes))
            }
            if push % 500 == 499 { compare(partition.pull(keys), rows) }
        }
    }

    private func compare(_ weights: [Float], _ rows: [Row]) {
        let expected = rows.flatMap(\.weights).map(\.w)
        for (i, pair) in zip(weights, expected).enumerated() {
            // Some hundreds of roundings of half a unit in 2^24 each, generously; near zero L1 makes
            // a zero of what the other does not by a hair.
            let tolerance = 2e-5 * Swift.max(1, abs(pair.1))
            #expect(abs(Double(pair.0) - pair.1) < tolerance, "float \(i)")
        }
        #expect(expected.contains { abs($0) > 0.05 }, "the reference has moved")
    }
}

/// One float of a row, and what its row has once.
private struct Weight {
    var w: Double
    var first = 0.0
    var second = 0.0

    init(_ w: Double, _ optimizer: Optimizer) {
        self.w = w
        switch optimizer.rule {
        case .adagrad(let accumulator): first = Double(accumulator)
        case .ftrl(let beta):
            // Solved for z, with n = 0.
            let scale = Double(beta) / Double(optimizer.learningRate) + Double(optimizer.l2)
            first = -w * scale - (w > 0 ? 1 : w < 0 ? -1 : 0) * Double(optimizer.l1)
        default: break
        }
    }
}

private struct Row {
    var weights: [Weight]
    var shared = 0.0
    var steps = 0.0

    /// A step with the gradients `g`; `t` counts the pushes of the partition from 1 on.
    mutating func step(_ pushed: [Double], rate: Double, _ optimizer: Optimizer, t: Double) {
        steps += 1
        var l2 = Double(optimizer.l2)
        if case .ftrl = optimizer.rule { l2 = 0 }
        var g = pushed
        var squares = 0.0
        for i in g.indices {
            g[i] += l2 * weights[i].w
            squares += g[i] * g[i]
        }
        let mean = squares / Double(g.count)
        let earlier = shared
        switch optimizer.rule {
        case .sharedAdagrad: shared += mean
        case .sharedAdam(_, let beta2, _):
            shared = Double(beta2) * shared + (1 - Double(beta2)) * mean
        default: break
        }
        for i in g.indices { step(i, g[i], rate, optimizer, t, earlier) }
    }

    private mutating func step(
        _ i: Int, _ g: Double, _ rate: Double, _ optimizer: Optimizer, _ t: Double,
        _ earlier: Double
    ) {
        var weight = weights[i]
        defer { weights[i] = weight }
        var isProximal = true
        switch optimizer.rule {
        case .sgd:
            weight.w -= rate * g
        case .momentum(let decay, let isNesterov):
            weight.first = Double(decay) * weight.first + g
            weight.w -=
                rate * (isNesterov ? g + Double(decay) * weight.first : weight.first)
        case .adagrad:
            weight.first += g * g
            weight.w -= rate * g / weight.first.squareRoot()
        case .sharedAdagrad(let accumulator):
            let start = Double(accumulator)
            weight.w -= rate * g * (start / (start + earlier)).squareRoot()
        case .adam(let beta1, let beta2, let epsilon):
            adam(&weight, g, rate, Double(beta1), Double(beta2), Double(epsilon), steps)
        case .lazyAdam(let beta1, let beta2, let epsilon):
            adam(&weight, g, rate, Double(beta1), Double(beta2), Double(epsilon), t)
        case .sharedAdam(let beta1, let beta2, let epsilon):
            let b1 = Double(beta1)
            weight.first = b1 * weight.first + (1 - b1) * g
            let first = weight.first / (1 - pow(b1, steps))
            let second = shared / (1 - pow(Double(beta2), steps))
            weight.w -= rate * first / (second.squareRoot() + Double(epsilon))
        case .rmsprop(let alpha, let epsilon):
            weight.first = Double(alpha) * weight.first + (1 - Double(alpha)) * g * g
            weight.w -= rate * g / (weight.first.squareRoot() + Double(epsilon))
        case .ftrl(let beta):
            ftrl(&weight, g, rate, Double(beta), Double(optimizer.l1), Double(optimizer.l2))
            isProximal = false
        case .movingAverage(let decay):
            weight.w = Double(decay) * weight.w + (1 - Double(decay)) * g
        }
        if isProximal {
            let magnitude = Swift.max(abs(weight.w) - rate * Double(optimizer.l1), 0)
            weight.w = weight.w < 0 ? -magnitude : magnitude
        }
    }

    private func adam(
        _ weight: inout Weight, _ g: Double, _ rate: Double, _ b1: Double, _ b2: Double,
        _ epsilon: Double, _ t: Double
    ) {
        weight.first = b1 * weight.first + (1 - b1) * g
        weight.second = b2 * weight.second + (1 - b2) * g * g
        let first = weight.first / (1 - pow(b1, t))
        let second = weight.second / (1 - pow(b2, t))
        weight.w -= rate * first / (second.squareRoot() + epsilon)
    }

    private func ftrl(
        _ weight: inout Weight, _ g: Double, _ alpha: Double, _ beta: Double, _ l1: Double,
        _ l2: Double
    ) {
        let root = (weight.second + g * g).squareRoot()
        let sigma = (root - weight.second.squareRoot()) / alpha
        weight.first += g - sigma * weight.w
        weight.second += g * g
        let z = weight.first
        weight.w = abs(z) <= l1 ? 0 : -(z - (z < 0 ? -l1 : l1)) / ((beta + root) / alpha + l2)
    }
}
