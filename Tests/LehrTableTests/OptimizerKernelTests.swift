import Glibc
import LehrCore
import Testing

@testable import LehrTable

@Suite struct OptimizerKernelTests {
    static let rules: [Optimizer.Rule] = [
        .sgd, .adagrad(initialAccumulator: 0.1), .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
    ]

    /// One float of a row in double precision, by the formulas as they stand in the papers.
    struct Reference {
        var w: Double
        var accumulator: Double
        var m = 0.0
        var v = 0.0
        var t = 0.0

        mutating func step(_ gradient: Double, _ optimizer: Optimizer) {
            let rate = Double(optimizer.learningRate)
            let g = gradient + Double(optimizer.l2) * w
            t += 1
            switch optimizer.rule {
            case .sgd:
                w -= rate * g
            case .adagrad:
                accumulator += g * g
                w -= rate * g / accumulator.squareRoot()
            case .adam(let beta1, let beta2, let epsilon):
                let (b1, b2) = (Double(beta1), Double(beta2))
                m = b1 * m + (1 - b1) * g
                v = b2 * v + (1 - b2) * g * g
                let mHat = m / (1 - pow(b1, t))
                let vHat = v / (1 - pow(b2, t))
                w -= rate * mHat / (vHat.squareRoot() + Double(epsilon))
            }
        }
    }

    @Test(arguments: rules, [1, 3, 8, 13, 16, 64])
    func aRuleAgreesWithDoublePrecision(rule: Optimizer.Rule, dimension: Int) throws {
        let spec = TableSpec.sample(
            dimension: dimension, rule: rule, rate: 0.05, l2: 0.01, seed: UInt64(dimension))
        let partition = try TablePartition(spec: spec, range: wholeRange)
        var accumulator = 0.0
        if case .adagrad(let initial) = rule { accumulator = Double(initial) }
        var reference = partition.pull([77]).map {
            Reference(w: Double($0), accumulator: accumulator)
        }
        var random = RandomSource(seed: 5, path: UInt64(dimension))
        for _ in 0..<400 {
            let gradient = (0..<dimension).map { _ in random.uniform() * 2 - 0.8 }
            partition.push([77], gradient)
            for i in 0..<dimension { reference[i].step(Double(gradient[i]), spec.optimizer) }
        }
        let weights = partition.pull([77])
        for (weight, expected) in zip(weights, reference) {
            // 400 roundings of half a unit in 2^24 each, generously.
            #expect(abs(Double(weight) - expected.w) < 1e-4 * Swift.max(1, abs(expected.w)))
        }
        #expect(abs(reference[0].w) > 0.01, "the reference has moved")
    }

    @Test(arguments: rules)
    func extremesStayFinite(rule: Optimizer.Rule) throws {
        let spec = TableSpec.sample(dimension: 9, rule: rule, rate: 100, l2: 0.009)
        let partition = try TablePartition(spec: spec, range: wholeRange)
        let limit = OptimizerKernel.gradientLimit
        let tiny = Float.leastNonzeroMagnitude
        let extremes: [Float] = [limit, -limit, 0, -0.0, tiny, -tiny, 1e-30, limit, 0]
        for round in 0..<300 {
            let shift = round % extremes.count
            partition.push([1], Array(extremes[shift...] + extremes[..<shift]))
        }
        #expect(partition.pull([1]).allSatisfy { $0.isFinite })
        #expect(partition.counters.applied == 300)
    }

    @Test(arguments: [0.0, 0.5, 0.9, 0.999, 0.9999999])
    func powersAgreeWithTheLibrary(base: Double) {
        let table = PowerTable(base: base)
        var random = RandomSource(seed: 6)
        let exponents = (0..<200).map { _ in
            UInt32(truncatingIfNeeded: random.next()) >> UInt32(random.below(32))
        }
        for exponent in [0, 1, 255, 256, 65_535, 65_536, .max] + exponents {
            let expected = pow(base, Double(exponent))
            #expect(abs(table.power(exponent) - expected) <= 1e-11)
        }
    }
}
