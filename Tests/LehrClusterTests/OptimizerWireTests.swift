import CLehrWire
import LehrCluster
import LehrMembership
import LehrTable
import LehrWire
import Testing

/// Optimizers and initializers come out as they went in.
@Suite struct OptimizerWireTests {
    private static let rules: [Optimizer.Rule] = [
        .sgd, .momentum(decay: 0.9), .momentum(decay: 0.8, isNesterov: true),
        .adagrad(initialAccumulator: 0.5), .sharedAdagrad(initialAccumulator: 3),
        .adam(beta1: 0.9, beta2: 0.99, epsilon: 1e-8),
        .lazyAdam(beta1: 0.9, beta2: 0.99, epsilon: 1e-8),
        .sharedAdam(beta1: 0.9, beta2: 0.99, epsilon: 1e-8), .rmsprop(alpha: 0.9, epsilon: 1e-7),
        .ftrl(beta: 2), .movingAverage(decay: 0.95),
    ]

    private static let schedules: [LearningRateSchedule] = [
        .constant, LearningRateSchedule(.constant, warmUp: 5),
        LearningRateSchedule(.step(factor: 0.5, every: 7)),
        LearningRateSchedule(.exponential(factor: 0.3, every: .max), warmUp: .max),
        LearningRateSchedule(.inverseTime(factor: 2, every: 1)),
        LearningRateSchedule(.cosine(floor: 0.01, steps: 9), warmUp: 1),
    ]

    private func through(_ spec: TableSpec) throws -> TableSpec {
        let arena = WireArena()
        defer { withExtendedLifetime(arena) {} }
        let bytes = Wire.TableSpec.encode { spec.fill(&$0, $1) }
        return try TableSpec(wire: try Wire.TableSpec.decode(bytes, in: arena).pointee)
    }

    @Test func everyRuleScheduleAndOption() throws {
        var spec = MapFixture.table(bits: 0, owners: [(1, 0)]).spec
        for rule in Self.rules {
            for schedule in Self.schedules {
                spec.optimizer = Optimizer(rule: rule, learningRate: 0.3, schedule: schedule)
                #expect(try through(spec) == spec)
            }
            spec.optimizer.l1 = 0.1
            spec.optimizer.l2 = 0.2
            spec.optimizer.scalesByShows = true
            #expect(try through(spec) == spec)
            spec.optimizer.notANumber = .clip
            for clipping in [Clipping(value: 1), Clipping(norm: 2), Clipping(weight: 3)] {
                spec.optimizer.clipping = clipping
                #expect(try through(spec) == spec)
            }
        }
    }

    @Test func everyInitializer() throws {
        var spec = MapFixture.table(bits: 0, owners: [(1, 0)]).spec
        for initializer in [
            Initializer.constant(0.5), .zeros, .uniform(low: -1, high: 2), .normal(deviation: 3),
            .truncatedNormal(deviation: 4),
        ] {
            spec.initializer = initializer
            #expect(try through(spec) == spec)
        }
    }

    @Test func kindsOfALaterVersionAreRefused() {
        func refused(_ change: (inout Wire.TableSpec) -> Void) {
            #expect(throws: TranslationError.self) {
                let arena = WireArena()
                defer { withExtendedLifetime(arena) {} }
                let bytes = Wire.TableSpec.encode { wire, arena in
                    var spec = MapFixture.table(bits: 0, owners: [(1, 0)]).spec
                    spec.optimizer.schedule.warmUp = 1
                    spec.fill(&wire, arena)
                    change(&wire)
                }
                return try TableSpec(wire: try Wire.TableSpec.decode(bytes, in: arena).pointee)
            }
        }
        refused { $0.optimizer.pointee.kind = .init(rawValue: 11) }
        refused { $0.optimizer.pointee.not_a_number = .init(rawValue: 2) }
        refused { $0.optimizer.pointee.schedule.pointee.kind = .init(rawValue: 5) }
        refused { $0.initializer.pointee.kind = .init(rawValue: 4) }
    }
}
