import Foundation
import LehrCore
import Testing

@testable import LehrTable

@Suite struct TableSpecValidationTests {
    @Test func aSoundSpecIsAccepted() throws {
        try TableSpec.sample().validate()
        try TableSpec.sample(keys: .rows(1), dimension: 4096, initializer: .normal(deviation: 0.01))
            .validate()
        try TableSpec.sample(rule: .adagrad(initialAccumulator: 0.1), l2: 1e-6).validate()
        try TableSpec.sample(rule: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)).validate()
    }

    @Test(arguments: Optimizer.everyRule + Optimizer.everyRuleWithOptions)
    func everyRuleIsAccepted(optimizer: Optimizer) throws {
        try TableSpec.sample(dimension: 3, optimizer: optimizer).validate()
    }

    private static func spec(
        _ rule: Optimizer.Rule = .sgd, schedule decay: LearningRateSchedule.Decay,
        warmUp: UInt64 = 0
    ) -> TableSpec {
        var spec = TableSpec.sample(rule: rule)
        spec.optimizer.schedule = LearningRateSchedule(decay, warmUp: warmUp)
        return spec
    }

    private static func spec(clipping: Clipping) -> TableSpec {
        var spec = TableSpec.sample()
        spec.optimizer.clipping = clipping
        return spec
    }

    private static func spec(_ rule: Optimizer.Rule, l1: Float) -> TableSpec {
        var spec = TableSpec.sample(rule: rule)
        spec.optimizer.l1 = l1
        return spec
    }

    @Test(arguments: [
        (TableSpec.sample(dimension: 0), "dimension"),
        (.sample(dimension: 4097), "dimension"),
        (.sample(keys: .rows(0)), "keys.rows"),
        (.sample(keys: .rows(.max)), "keys.rows"),
        (.sample(initializer: .constant(.nan)), "initializer.constant"),
        (.sample(initializer: .uniform(low: 1, high: 1)), "initializer.uniform"),
        (.sample(initializer: .uniform(low: -.infinity, high: 1)), "initializer.uniform"),
        (.sample(initializer: .normal(deviation: -1)), "initializer.normal.deviation"),
        (
            .sample(initializer: .truncatedNormal(deviation: .nan)),
            "initializer.truncatedNormal.deviation"
        ),
        (.sample(rate: .nan), "optimizer.learningRate"),
        (.sample(rate: -0.1), "optimizer.learningRate"),
        (.sample(rate: 10, l2: 0.5), "optimizer.l2"),
        (.sample(l2: -1), "optimizer.l2"),
        (.sample(rule: .adagrad(initialAccumulator: 0)), "optimizer.adagrad.initialAccumulator"),
        (.sample(rule: .adam(beta1: 1, beta2: 0.9, epsilon: 1e-8)), "optimizer.adam.beta1"),
        (.sample(rule: .adam(beta1: 0.9, beta2: .nan, epsilon: 1e-8)), "optimizer.adam.beta2"),
        (.sample(rule: .adam(beta1: 0.9, beta2: 0.9, epsilon: 0)), "optimizer.adam.epsilon"),
        (.sample(rule: .momentum(decay: 1)), "optimizer.momentum.decay"),
        (.sample(rule: .momentum(decay: -0.1)), "optimizer.momentum.decay"),
        (
            .sample(rule: .sharedAdagrad(initialAccumulator: .infinity)),
            "optimizer.sharedAdagrad.initialAccumulator"
        ),
        (
            .sample(rule: .lazyAdam(beta1: 0.99999, beta2: 0.9, epsilon: 1e-8)),
            "optimizer.lazyAdam.beta1"
        ),
        (
            .sample(rule: .lazyAdam(beta1: 0.9, beta2: 1, epsilon: 1e-8)),
            "optimizer.lazyAdam.beta2"
        ),
        (
            .sample(rule: .lazyAdam(beta1: 0.9, beta2: 0.9, epsilon: 1e-12)),
            "optimizer.lazyAdam.epsilon"
        ),
        (
            .sample(rule: .sharedAdam(beta1: -1, beta2: 0.9, epsilon: 1e-8)),
            "optimizer.sharedAdam.beta1"
        ),
        (.sample(rule: .rmsprop(alpha: 1, epsilon: 1e-8)), "optimizer.rmsprop.alpha"),
        (.sample(rule: .rmsprop(alpha: 0.9, epsilon: .nan)), "optimizer.rmsprop.epsilon"),
        (.sample(rule: .ftrl(beta: 0)), "optimizer.ftrl.beta"),
        (.sample(rule: .ftrl(), rate: 0), "optimizer.learningRate"),
        (.sample(rule: .ftrl(), l2: 2e3), "optimizer.l2"),
        (.sample(rule: .movingAverage(decay: 1)), "optimizer.movingAverage.decay"),
        (.sample(rule: .movingAverage(decay: 0.9), l2: 0.1), "optimizer.l2"),
        (spec(.movingAverage(decay: 0.9), l1: 0.1), "optimizer.l1"),
        (spec(.sgd, l1: -0.1), "optimizer.l1"),
        (spec(.sgd, l1: .nan), "optimizer.l1"),
        (spec(.ftrl(), schedule: .step(factor: 0.5, every: 10)), "optimizer.schedule"),
        (spec(.ftrl(), schedule: .constant, warmUp: 1), "optimizer.schedule"),
        (
            spec(.movingAverage(decay: 0.9), schedule: .cosine(floor: 0, steps: 10)),
            "optimizer.schedule"
        ),
        (spec(schedule: .constant, warmUp: .max), "optimizer.schedule.warmUp"),
        (spec(schedule: .step(factor: 1.1, every: 10)), "optimizer.schedule.factor"),
        (spec(schedule: .step(factor: 0.5, every: 0)), "optimizer.schedule.every"),
        (spec(schedule: .exponential(factor: 0, every: 10)), "optimizer.schedule.factor"),
        (spec(schedule: .exponential(factor: 0.5, every: .max)), "optimizer.schedule.every"),
        (spec(schedule: .inverseTime(factor: -1, every: 10)), "optimizer.schedule.factor"),
        (spec(schedule: .inverseTime(factor: 1, every: 0)), "optimizer.schedule.every"),
        (spec(schedule: .cosine(floor: 0.2, steps: 10)), "optimizer.schedule.floor"),
        (spec(schedule: .cosine(floor: .nan, steps: 10)), "optimizer.schedule.floor"),
        (spec(schedule: .cosine(floor: 0, steps: 0)), "optimizer.schedule.steps"),
        (spec(clipping: Clipping(value: 0)), "optimizer.clipping.value"),
        (spec(clipping: Clipping(norm: .infinity)), "optimizer.clipping.norm"),
        (spec(clipping: Clipping(weight: -1)), "optimizer.clipping.weight"),
    ])
    func theFieldAtFaultIsNamed(spec: TableSpec, field: String) {
        let error = #expect(throws: TableSpecError.self) { try spec.validate() }
        #expect(error?.field == field)
        #expect(error?.description.contains("'sample'") == true)
        #expect(throws: TableSpecError.self) { try TablePartition(spec: spec, range: wholeRange) }
    }

    @Test func oneByteNumbersNeedMoreThanOneInARow() throws {
        var spec = TableSpec.sample(dimension: 2)
        spec.wire = WireFormat(rows: .int8, gradients: .int8, keys: .delta)
        try spec.validate()
        spec.dimension = 1
        func fieldAtFault() -> String? {
            #expect(throws: TableSpecError.self) { try spec.validate() }?.field
        }
        #expect(fieldAtFault() == "wire.rows")
        spec.wire.rows = .bfloat16
        #expect(fieldAtFault() == "wire.gradients")
    }

    @Test func aRecordedSpecComesBackAlsoFromBeforeItHadFormats() throws {
        var spec = TableSpec.sample()
        spec.wire = WireFormat(rows: .float16, gradients: .int8, keys: .delta)
        let recorded = try JSONEncoder().encode(spec)
        #expect(try JSONDecoder().decode(TableSpec.self, from: recorded) == spec)
        var fields = try #require(
            try JSONSerialization.jsonObject(with: recorded) as? [String: Any])
        #expect(fields.removeValue(forKey: "wire") != nil)
        let older = try JSONSerialization.data(withJSONObject: fields)
        #expect(try JSONDecoder().decode(TableSpec.self, from: older) == .sample())
    }

    @Test func aNameIsNeeded() {
        var spec = TableSpec.sample()
        spec.name = ""
        #expect(throws: TableSpecError.self) { try spec.validate() }
    }
}
