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

    @Test(arguments: [
        (TableSpec.sample(dimension: 0), "dimension"),
        (.sample(dimension: 4097), "dimension"),
        (.sample(keys: .rows(0)), "keys.rows"),
        (.sample(keys: .rows(.max)), "keys.rows"),
        (.sample(initializer: .constant(.nan)), "initializer.constant"),
        (.sample(initializer: .uniform(low: 1, high: 1)), "initializer.uniform"),
        (.sample(initializer: .uniform(low: -.infinity, high: 1)), "initializer.uniform"),
        (.sample(initializer: .normal(deviation: -1)), "initializer.normal.deviation"),
        (.sample(rate: .nan), "optimizer.learningRate"),
        (.sample(rate: -0.1), "optimizer.learningRate"),
        (.sample(rate: 10, l2: 0.5), "optimizer.l2"),
        (.sample(l2: -1), "optimizer.l2"),
        (.sample(rule: .adagrad(initialAccumulator: 0)), "optimizer.adagrad.initialAccumulator"),
        (.sample(rule: .adam(beta1: 1, beta2: 0.9, epsilon: 1e-8)), "optimizer.adam.beta1"),
        (.sample(rule: .adam(beta1: 0.9, beta2: .nan, epsilon: 1e-8)), "optimizer.adam.beta2"),
        (.sample(rule: .adam(beta1: 0.9, beta2: 0.9, epsilon: 0)), "optimizer.adam.epsilon"),
    ])
    func theFieldAtFaultIsNamed(spec: TableSpec, field: String) {
        let error = #expect(throws: TableSpecError.self) { try spec.validate() }
        #expect(error?.field == field)
        #expect(error?.description.contains("'sample'") == true)
        #expect(throws: TableSpecError.self) { try TablePartition(spec: spec, range: wholeRange) }
    }

    @Test func aNameIsNeeded() {
        var spec = TableSpec.sample()
        spec.name = ""
        #expect(throws: TableSpecError.self) { try spec.validate() }
    }
}
