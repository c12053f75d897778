import LehrTable
import Testing

@testable import LehrModel

struct JobSpecOptimizerTests {
    private static func sparse(_ section: String) throws -> Optimizer {
        let text = JobText.twoTower(optimizer: "  sparse: {\(section)}")
        return try JobSpec(yaml: text).optimizers.sparse
    }

    @Test(arguments: [
        ("kind: sgd", Optimizer(rule: .sgd, learningRate: 0.1)),
        ("kind: momentum", Optimizer(rule: .momentum(decay: 0.9), learningRate: 0.01)),
        (
            "kind: momentum, momentum: 0.5, nesterov: true",
            Optimizer(rule: .momentum(decay: 0.5, isNesterov: true), learningRate: 0.01)
        ),
        (
            "kind: adagrad",
            Optimizer(rule: .adagrad(initialAccumulator: 1e-6), learningRate: 0.1)
        ),
        ("kind: shared-adagrad", Optimizer(rule: .sharedAdagrad(), learningRate: 0.1)),
        (
            "kind: shared-adagrad, initial-accumulator: 2, learning-rate: 0.5",
            Optimizer(rule: .sharedAdagrad(initialAccumulator: 2), learningRate: 0.5)
        ),
        (
            "kind: adam, beta1: 0.5",
            Optimizer(rule: .adam(beta1: 0.5, beta2: 0.999, epsilon: 1e-8), learningRate: 1e-3)
        ),
        (
            "kind: lazy-adam, beta2: 0.5",
            Optimizer(rule: .lazyAdam(beta1: 0.9, beta2: 0.5, epsilon: 1e-8), learningRate: 1e-3)
        ),
        (
            "kind: shared-adam, epsilon: 1e-6",
            Optimizer(
                rule: .sharedAdam(beta1: 0.9, beta2: 0.999, epsilon: 1e-6), learningRate: 1e-3)
        ),
        (
            "kind: rmsprop, alpha: 0.9",
            Optimizer(rule: .rmsprop(alpha: 0.9, epsilon: 1e-8), learningRate: 0.01)
        ),
        (
            "kind: ftrl, beta: 2, l1: 0.5, l2: 20",
            Optimizer(rule: .ftrl(beta: 2), learningRate: 0.1, l2: 20, l1: 0.5)
        ),
        (
            "kind: sgd, clip-gradient: 1, clip-norm: 2, clip-weight: 3, scale-by-shows: true, "
                + "not-a-number: clip",
            Optimizer(
                rule: .sgd, learningRate: 0.1, clipping: Clipping(value: 1, norm: 2, weight: 3),
                scalesByShows: true, notANumber: .clip)
        ),
    ])
    func aRuleIsRead(section: String, optimizer: Optimizer) throws {
        #expect(try Self.sparse(section) == optimizer)
    }

    @Test(arguments: [
        ("warm-up: 100", LearningRateSchedule(.constant, warmUp: 100)),
        ("kind: constant", .constant),
        ("kind: step, every: 30", LearningRateSchedule(.step(factor: 0.1, every: 30))),
        (
            "kind: exponential, factor: 0.9999, every: 1, warm-up: 7",
            LearningRateSchedule(.exponential(factor: 0.9999, every: 1), warmUp: 7)
        ),
        (
            "kind: inverse-time, every: 10",
            LearningRateSchedule(.inverseTime(factor: 1, every: 10))
        ),
        (
            "kind: cosine, steps: 1000, floor: 0.05",
            LearningRateSchedule(.cosine(floor: 0.05, steps: 1000))
        ),
    ])
    func aScheduleIsRead(section: String, schedule: LearningRateSchedule) throws {
        #expect(try Self.sparse("kind: sgd, schedule: {\(section)}").schedule == schedule)
    }

    @Test func theItemBiasIsNotRegularizedUnlessSaid() throws {
        let text = JobText.twoTower(optimizer: "  sparse: {kind: sgd, l1: 0.1, l2: 0.2}")
        let job = try JobSpec(yaml: text)
        #expect(job.optimizers.itemBias == Optimizer(rule: .sgd, learningRate: 0.1))
    }

    @Test(arguments: [
        ("truncated-normal, deviation: 0.1", Initializer.truncatedNormal(deviation: 0.1)),
        ("truncated-normal", .truncatedNormal(deviation: 0.05)), ("zeros", .zeros),
        ("constant, value: 2", .constant(2)), ("uniform", .uniform(low: -0.05, high: 0.05)),
    ])
    func anInitializerIsRead(section: String, initializer: Initializer) throws {
        let text = JobText.twoTower(model: "  initializer: {kind: \(section)}")
        guard case .twoTower(let model) = try JobSpec(yaml: text).model else {
            Issue.record("not a two-tower model")
            return
        }
        #expect(model.initializer == initializer)
    }

    @Test(arguments: [
        (
            "kind: sgd, momentum: 0.9",
            "optimizer.sparse: unknown key \"momentum\"; allowed are clip-gradient, clip-norm, "
                + "clip-weight, kind, l1, l2, learning-rate, not-a-number, scale-by-shows, schedule"
        ),
        (
            "kind: moving-average",
            "optimizer.sparse.kind: expected one of sgd, momentum, adagrad, shared-adagrad, adam, "
                + "lazy-adam, shared-adam, rmsprop, ftrl, found \"moving-average\""
        ),
        (
            "kind: ftrl, schedule: {kind: step, every: 3}",
            "optimizer.sparse.schedule: the rate of ftrl falls by itself; remove it"
        ),
        (
            "kind: ftrl, learning-rate: 0",
            "optimizer.sparse.learning-rate: expected a number from 1e-06 to 1000.0, found \"0\""
        ),
        (
            "kind: lazy-adam, beta1: 0.99999",
            "optimizer.sparse.beta1: expected a number from 0.0 to 0.9999, found \"0.99999\""
        ),
        (
            "kind: sgd, schedule: {kind: step}",
            "optimizer.sparse.schedule.every: missing; expected a whole number from 1 to "
                + "9007199254740992"
        ),
        (
            "kind: sgd, schedule: {kind: cosin, steps: 5, warm-up: 3}",
            "optimizer.sparse.schedule.kind: expected one of constant, step, exponential, "
                + "inverse-time, cosine (perhaps cosine), found \"cosin\""
        ),
        (
            "kind: sgd, schedule: {steps: 5}",
            "optimizer.sparse.schedule.kind: missing; expected one of constant, step, exponential, "
                + "inverse-time, cosine"
        ),
        (
            "kind: sgd, schedule: {kind: cosine, steps: 5, floor: 0.2}",
            "optimizer.sparse.schedule.floor: at most learning-rate, found 0.2"
        ),
        (
            "kind: sgd, clip-norm: 0",
            "optimizer.sparse.clip-norm: expected a number from 1e-06 to 1e+12, found \"0\""
        ),
        (
            "kind: sgd, not-a-number: ignore",
            "optimizer.sparse.not-a-number: expected one of refuse, clip, found \"ignore\""
        ),
        (
            "kind: sgd, schedule: fast",
            "optimizer.sparse.schedule: expected keys with values, found \"fast\""
        ),
    ])
    func aProblemIsNamed(section: String, problem: String) {
        let problems = JobText.problems(
            JobText.twoTower(optimizer: "  sparse: {\(section)}"))
        #expect(problems.first == "\(problem) (line 11)")
    }
}
