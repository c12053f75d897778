import LehrCore
import Testing

@testable import LehrTable

/// No stored value becomes infinite or a NaN, whatever is pushed and whatever the numbers allowed.
@Suite struct OptimizerExtremesTests {
    private static let limit = OptimizerKernel.gradientLimit
    private static let tiny = Float.leastNonzeroMagnitude

    /// The rules with the numbers at the ends of their ranges that make the largest steps.
    static let rules: [Optimizer.Rule] = [
        .sgd,
        .momentum(decay: Float(1).nextDown), .momentum(decay: Float(1).nextDown, isNesterov: true),
        .adagrad(initialAccumulator: 1e-20), .adagrad(initialAccumulator: 1e20),
        .sharedAdagrad(initialAccumulator: 1e-20), .sharedAdagrad(initialAccumulator: 1e20),
        .adam(beta1: Float(1).nextDown, beta2: 0, epsilon: 1e-15),
        .adam(beta1: 0, beta2: Float(1).nextDown, epsilon: 1e-15),
        .lazyAdam(beta1: 0.9999, beta2: 0, epsilon: 1e-10),
        .lazyAdam(beta1: 0, beta2: Float(1).nextDown, epsilon: 1e-10),
        .sharedAdam(beta1: Float(1).nextDown, beta2: 0, epsilon: 1e-15),
        .rmsprop(alpha: 0, epsilon: 1e-15), .rmsprop(alpha: Float(1).nextDown, epsilon: 1e-15),
        .ftrl(beta: 1e-6), .ftrl(beta: 1e6),
        .movingAverage(decay: 0), .movingAverage(decay: Float(1).nextDown),
    ]

    /// `optimizer` with the largest and the smallest rate, with options and without.
    private static func variants(_ rule: Optimizer.Rule) -> [Optimizer] {
        var all: [Optimizer] = []
        for rate in [1e3, 1e-6] as [Float] {
            var optimizer = Optimizer(rule: rule, learningRate: rate)
            all.append(optimizer)
            optimizer.notANumber = .clip
            if rule.takesSchedule {
                optimizer.l2 = rate > 1 ? 9e-4 : 1
                optimizer.schedule = LearningRateSchedule(
                    .inverseTime(factor: 1e9, every: 1), warmUp: 100)
            }
            all.append(optimizer)
            if case .movingAverage = rule { continue }
            optimizer.l1 = 1e3
            if case .ftrl = rule { optimizer.l2 = 1e3 }
            optimizer.scalesByShows = true
            optimizer.clipping = Clipping(value: 1e12, norm: 1e12, weight: 1e12)
            all.append(optimizer)
            optimizer.clipping = Clipping(value: 1e-6, norm: 1e-6, weight: 1e-6)
            all.append(optimizer)
        }
        return all
    }

    @Test(arguments: rules)
    func everythingStaysFinite(rule: Optimizer.Rule) throws {
        for optimizer in Self.variants(rule) {
            let spec = TableSpec.sample(
                dimension: 9, initializer: .uniform(low: -1e6, high: 1e6), optimizer: optimizer)
            try spec.validate()
            let table = try StateTable(spec)
            // Large ones in a row build up a momentum, and zeros behind them leave it without a
            // second moment.
            for value in [Self.limit, -Self.limit] {
                for _ in 0..<100 { table.push([Float](repeating: value, count: 9)) }
                for _ in 0..<50 { table.push([Float](repeating: 0, count: 9)) }
                #expect(table.isFinite, "\(optimizer)")
            }
            let extremes: [Float] = [
                Self.limit, -Self.limit, 0, -0.0, Self.tiny, -Self.tiny, 1e-30, Self.limit, 1e-20,
            ]
            for round in 0..<200 {
                let shift = round % extremes.count
                table.push(Array(extremes[shift...] + extremes[..<shift]))
                #expect(table.isFinite, "\(optimizer)")
            }
            #expect(table.partition.counters.applied == 500)
        }
    }

    /// A weight as large as sums can get, which no number of pushes in a test would reach.
    @Test(arguments: rules)
    func aSumAtItsLargestStopsGrowing(rule: Optimizer.Rule) {
        for optimizer in Self.variants(rule) {
            let layout = OptimizerLayout(rule: rule, width: 3)
            let stateOffset = RowShape.headerBytes + 12
            let kernel = OptimizerKernel(optimizer: optimizer, width: 3, stateOffset: stateOffset)
            var memory = [UInt64](repeating: 0, count: 16)
            memory.withUnsafeMutableBytes { bytes in
                guard let row = bytes.baseAddress else { return }
                row.floats(at: RowShape.headerBytes).update(
                    from: [0x1p126, -0x1p126, 0x1p110], count: 3)
                kernel.initializeState(of: row, weight: [0, 0, 0])
                let state = (row + stateOffset).assumingMemoryBound(to: Float.self)
                // What sums of squares, and FTRL's two, stop at.
                switch rule {
                case .adagrad, .sharedAdagrad:
                    state.update(repeating: 0x1p105, count: layout.stateCount)
                case .ftrl:
                    state.update(from: [FTRL.zLimit, -FTRL.zLimit, 1], count: 3)
                    (state + 3).update(from: [0x1p105, 0, 0x1p105], count: 3)
                default: break
                }
                for gradient in [Self.limit, 0, -Self.limit] {
                    let gradients = [Float](repeating: gradient, count: 3)
                    var rows: [UnsafeMutableRawPointer?] = [row]
                    rows.withUnsafeMutableBufferPointer { rows in
                        gradients.withUnsafeBytes { gradients in
                            guard let base = gradients.baseAddress else { return }
                            _ = kernel.apply(
                                to: UnsafeBufferPointer(rows), weights: nil, gradients: base,
                                gradientStride: 12, shows: nil, step: kernel.step(200))
                        }
                    }
                    let weight = row.floats(at: RowShape.headerBytes)
                    let isFinite =
                        (0..<3).allSatisfy { weight[$0].isFinite }
                        && (0..<layout.stateCount).allSatisfy { state[$0].isFinite }
                    #expect(isFinite, "\(optimizer)")
                }
            }
        }
    }

    /// A key that comes often in one push is stepped often under lazy Adam's first correction.
    @Test func aCrowdedFirstPushStaysFinite() throws {
        let optimizer = Optimizer(
            rule: .lazyAdam(beta1: 0.9999, beta2: 0, epsilon: 1e-10), learningRate: 1e3)
        let table = try StateTable(.sample(dimension: 1, optimizer: optimizer))
        let count = 60_000
        let gradients = (0..<count).map { $0 < count - 100 ? Self.limit : 0 }
        table.partition.push([UInt64](repeating: 1, count: count), gradients)
        #expect(table.isFinite)
        #expect(abs(table.partition.pull([1])[0]) > 0x1p60)
    }
}

/// A partition of one row, whose state can be looked at.
private struct StateTable {
    let partition: TablePartition
    private let layout: RowShape

    init(_ spec: TableSpec) throws {
        partition = try TablePartition(spec: spec, range: wholeRange)
        layout = RowShape(width: spec.dimension, spec: spec)
    }

    func push(_ gradient: [Float]) { partition.push([1], gradient, shows: [3]) }

    var isFinite: Bool {
        guard let row = partition.address(of: 1) else { return false }
        let state = row.floats(at: layout.stateOffset)
        return partition.pull([1]).allSatisfy(\.isFinite)
            && (0..<layout.optimizer.stateCount).allSatisfy { state[$0].isFinite }
    }
}
