import LehrCore
import Testing

@testable import LehrTable

/// What the options of an optimizer do to a partition.
@Suite struct OptimizerOptionTests {
    private func partition(
        dimension: Int = 1, initializer: Initializer = .constant(0), _ optimizer: Optimizer
    ) throws -> TablePartition {
        try TablePartition(
            spec: .sample(dimension: dimension, initializer: initializer, optimizer: optimizer),
            range: wholeRange)
    }

    @Test func whatIsNotANumberIsClippedAndCountedWhereThatIsThePolicy() throws {
        let limit = OptimizerKernel.gradientLimit
        let optimizer = Optimizer(rule: .sgd, learningRate: 1, notANumber: .clip)
        let partition = try partition(dimension: 9, optimizer)
        let bad: [Float] = [.nan, .infinity, -.infinity, .signalingNaN, 2e12, -2e12]
        let repaired: [Float] = [0, limit, -limit, 0, limit, -limit]
        for place in [0, 8] {
            for (i, value) in bad.enumerated() {
                var gradient = [Float](repeating: 0, count: 9)
                gradient[place] = value
                let before = partition.pull([1])
                let outcome = partition.push([1, 2], gradient + [Float](repeating: 1, count: 9))
                #expect(outcome.applied == 2 && outcome.clipped == 1)
                #expect(outcome.refusedNotFinite == 0)
                var expected = before
                expected[place] -= repaired[i]
                #expect(partition.pull([1]) == expected)
            }
        }
        #expect(partition.counters.clipped == 12)
        let zeros = [Float](repeating: 0, count: 9)
        let outcome = partition.push([3], zeros, shows: [.nan], clicks: [.infinity])
        #expect(outcome.applied == 1 && outcome.clipped == 1)
        let row = partition.scanAll(limit: 10)
        #expect(row.shows.last == 0 && row.clicks.last == limit)
        #expect(partition.push([3], zeros, shows: [1], clicks: [1]).clipped == 0)
    }

    @Test func gradientsAreDividedByTheShowsOfTheirPush() throws {
        let partition = try partition(
            Optimizer(rule: .sgd, learningRate: 1, scalesByShows: true, notANumber: .clip))
        let shows: [Float] = [0, 1, 4, 0.5, -3, .nan, .infinity]
        let keys = shows.indices.map { UInt64($0) }
        partition.push(keys, shows.map { _ in 8 }, shows: shows)
        let limit = Float.greatestFiniteMagnitude
        #expect(partition.pull(keys) == [-8, -8, -2, -8, -8, -8, -8 / limit])
        // Without shows there is nothing to divide by.
        partition.push([50], [8])
        #expect(partition.pull([50]) == [-8])
    }

    @Test func clippingComesBeforeDecayAndAfterScaling() throws {
        let partition = try partition(
            dimension: 2, initializer: .constant(10),
            Optimizer(
                rule: .sgd, learningRate: 0.5, l2: 0.1, clipping: Clipping(value: 4, norm: 5),
                scalesByShows: true))
        // (60, -80) / 10 = (6, -8), by value (4, -4), whose norm is above 5; plus 0.1 * 10.
        partition.push([1], [60, -80], shows: [10])
        let part = 4 * (5 / Float(32).squareRoot())
        #expect(partition.pull([1]) == [10 - 0.5 * (part + 1), 10 - 0.5 * (-part + 1)])
    }

    @Test func weightsStayWithinTheirLimit() throws {
        let partition = try partition(
            dimension: 9,
            Optimizer(rule: .sgd, learningRate: 1, clipping: Clipping(weight: 0.5)))
        partition.push([1], (0..<9).map { 0.2 * Float($0 - 4) })
        let expected: [Float] = (0..<9).map {
            Swift.max(-0.5, Swift.min(-(0.2 * Float($0 - 4)), 0.5))
        }
        #expect(partition.pull([1]) == expected)
    }

    @Test func l1MakesZerosThatAreCounted() throws {
        let partition = try partition(
            dimension: 2, Optimizer(rule: .sgd, learningRate: 0.5, l1: 1))
        #expect(partition.zeroCount == 0)
        partition.push([1, 2], [0, 2, -4, 0.5])
        #expect(partition.pull([1, 2]) == [0, -0.5, 1.5, 0])
        #expect(partition.zeroCount == 2)
        partition.push([2], [2, 4])
        #expect(partition.pull([2]) == [0, -1.5])
        #expect(partition.zeroCount == 2)
        partition.push([1], [2, 0])
        #expect(partition.pull([1]) == [-0.5, 0])
        // +0, so that equal tables are equal bytes.
        #expect(bits(partition.pull([1]))[1] == 0 && bits(partition.pull([2]))[0] == 0)
        #expect(partition.zeroCount == 2)
    }

    @Test func ftrlBeginsAtTheInitialWeight() throws {
        let optimizer = Optimizer(rule: .ftrl(), learningRate: 0.1, l2: 0.5, l1: 0.25)
        let partition = try partition(
            dimension: 9, initializer: .uniform(low: -1, high: 1), optimizer)
        let before = partition.pull([1])
        partition.push([1], [Float](repeating: 0, count: 9))
        for (w, initial) in zip(partition.pull([1]), before) {
            #expect(abs(w - initial) < 1e-6)
        }
        #expect(partition.zeroCount == 0)
    }

    @Test func onlyPushesOfSomethingCountForTheSchedule() throws {
        let partition = try partition(
            Optimizer(
                rule: .sgd, learningRate: 1,
                schedule: LearningRateSchedule(.step(factor: 0.5, every: 1))))
        partition.push([], [])
        // One push, so one rate, however many blocks its keys make.
        partition.push([UInt64](repeating: 1, count: 100), [Float](repeating: 1, count: 100))
        partition.push([1], [1])
        partition.push([1], [1])
        #expect(partition.pull([1]) == [-100.75])
        #expect(partition.pushCount == 3)
    }

    @Test func stateTakesWhatTheLayoutSays() {
        let widths = [1, 5, 16]
        for (rule, expected) in [
            (Optimizer.Rule.sgd, [0, 0, 0]), (.momentum(decay: 0.9), [1, 5, 16]),
            (.momentum(decay: 0.9, isNesterov: true), [1, 5, 16]),
            (.adagrad(initialAccumulator: 1), [1, 5, 16]), (.sharedAdagrad(), [1, 1, 1]),
            (.adam(beta1: 0.9, beta2: 0.9, epsilon: 1e-8), [2, 10, 32]),
            (.lazyAdam(beta1: 0.9, beta2: 0.9, epsilon: 1e-8), [2, 10, 32]),
            (.sharedAdam(beta1: 0.9, beta2: 0.9, epsilon: 1e-8), [2, 6, 17]),
            (.rmsprop(alpha: 0.9, epsilon: 1e-8), [1, 5, 16]), (.ftrl(), [2, 10, 32]),
            (.movingAverage(decay: 0.9), [0, 0, 0]),
        ] {
            #expect(widths.map { OptimizerLayout(rule: rule, width: $0).stateCount } == expected)
        }
    }
}
