import Foundation
import Testing

@testable import LehrTable

/// Rules, decay, clipping and schedules against PyTorch's; see `Fixtures/generate.py`.
@Suite struct OptimizerTorchTests {
    private struct TorchCase: Decodable {
        struct Kept: Decodable {
            let pushes: Int
            /// Of rows 0, 1, ... in turn.
            let weights: [Double]
        }

        let name: String
        let rule: String
        let numbers: [String: Double]
        let learningRate: Float
        let l2: Float
        let schedule: String
        let clipValue: Float?
        let clipNorm: Float?
        let dimension: Int
        /// Of each push.
        let keys: [[UInt64]]
        let gradients: [[Float]]
        let expected: [Kept]

        private func number(_ name: String) throws -> Double { try #require(numbers[name]) }

        private func float(_ name: String) throws -> Float { Float(try number(name)) }

        private func findRule() throws -> Optimizer.Rule {
            switch rule {
            case "sgd": .sgd
            case "momentum": .momentum(decay: try float("decay"))
            case "nesterov": .momentum(decay: try float("decay"), isNesterov: true)
            case "adagrad": .adagrad(initialAccumulator: try float("initialAccumulator"))
            case "adam":
                .adam(
                    beta1: try float("beta1"), beta2: try float("beta2"),
                    epsilon: try float("epsilon"))
            case "lazyAdam":
                .lazyAdam(
                    beta1: try float("beta1"), beta2: try float("beta2"),
                    epsilon: try float("epsilon"))
            case "rmsprop": .rmsprop(alpha: try float("alpha"), epsilon: try float("epsilon"))
            default: try #require(nil)
            }
        }

        private func findSchedule() throws -> LearningRateSchedule {
            switch schedule {
            case "constant": .constant
            case "step":
                LearningRateSchedule(
                    .step(factor: try number("factor"), every: UInt64(try number("every"))))
            case "exponential":
                LearningRateSchedule(
                    .exponential(factor: try number("factor"), every: UInt64(try number("every"))))
            case "cosine":
                LearningRateSchedule(
                    .cosine(floor: try float("floor"), steps: UInt64(try number("steps"))))
            case "warm-up":
                LearningRateSchedule(.constant, warmUp: UInt64(try number("warmUp")))
            default: try #require(nil)
            }
        }

        func optimizer() throws -> Optimizer {
            Optimizer(
                rule: try findRule(), learningRate: learningRate, schedule: try findSchedule(),
                l2: l2, clipping: Clipping(value: clipValue, norm: clipNorm))
        }
    }

    private static func fixtures() throws -> [TorchCase] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/torch.json"))
        return try JSONDecoder().decode([TorchCase].self, from: data)
    }

    @Test func agreesWithPyTorch() throws {
        let cases = try Self.fixtures()
        #expect(cases.count == 25)
        for torchCase in cases {
            let spec = TableSpec.sample(
                dimension: torchCase.dimension, initializer: .constant(0.5),
                optimizer: try torchCase.optimizer())
            let partition = try TablePartition(spec: spec, range: wholeRange)
            var kept = torchCase.expected[...]
            for (push, keys) in torchCase.keys.enumerated() {
                partition.push(keys, torchCase.gradients[push])
                guard kept.first?.pushes == push + 1, let expected = kept.popFirst() else {
                    continue
                }
                let rows = expected.weights.count / torchCase.dimension
                let weights = partition.pull((0..<rows).map { UInt64($0) })
                compare(weights, expected.weights, "\(torchCase.name), push \(push)")
            }
            #expect(kept.isEmpty)
        }
    }

    private func compare(_ actual: [Float], _ expected: [Double], _ what: String) {
        #expect(actual.count == expected.count, "\(what)")
        for (index, pair) in zip(actual, expected).enumerated() {
            let difference = abs(Double(pair.0) - pair.1)
            #expect(difference <= 1e-6 + 1e-5 * abs(pair.1), "\(what), float \(index)")
        }
    }
}
