import CLehrWire
import LehrTable
import LehrWire

extension Optimizer {
    init(wire: borrowing Wire.Optimizer) throws(TranslationError) {
        let policy: NotANumberPolicy
        switch wire.not_a_number.rawValue {
        case 0: policy = .refuse
        case 1: policy = .clip
        default:
            throw TranslationError("an optimizer of unknown policy \(wire.not_a_number.rawValue)")
        }
        var schedule = LearningRateSchedule.constant
        if let message = wire.schedule {
            schedule = try LearningRateSchedule(wire: message.pointee)
        }
        self.init(
            rule: try Rule(wire: wire), learningRate: wire.learning_rate, schedule: schedule,
            l2: wire.l2, l1: wire.l1,
            clipping: Clipping(
                value: wire.value_limit == 0 ? nil : wire.value_limit,
                norm: wire.norm_limit == 0 ? nil : wire.norm_limit,
                weight: wire.weight_limit == 0 ? nil : wire.weight_limit),
            scalesByShows: wire.scales_by_shows != 0, notANumber: policy)
    }

    func fill(_ wire: inout Wire.Optimizer, _ arena: WireArena) {
        rule.fill(&wire)
        wire.learning_rate = learningRate
        wire.l2 = l2
        wire.l1 = l1
        if schedule != .constant {
            wire.schedule = arena.make(Wire.Schedule.self) { message, _ in
                schedule.fill(&message)
            }
        }
        wire.value_limit = clipping.value ?? 0
        wire.norm_limit = clipping.norm ?? 0
        wire.weight_limit = clipping.weight ?? 0
        wire.scales_by_shows = scalesByShows ? 1 : 0
        wire.not_a_number = .init(rawValue: notANumber == .clip ? 1 : 0)
    }
}

extension Optimizer.Rule {
    init(wire: borrowing Wire.Optimizer) throws(TranslationError) {
        let (a, b, c) = (wire.a, wire.b, wire.c)
        switch wire.kind.rawValue {
        case 0: self = .sgd
        case 1: self = .adagrad(initialAccumulator: a)
        case 2: self = .adam(beta1: a, beta2: b, epsilon: c)
        case 3: self = .momentum(decay: a)
        case 4: self = .momentum(decay: a, isNesterov: true)
        case 5: self = .sharedAdagrad(initialAccumulator: a)
        case 6: self = .lazyAdam(beta1: a, beta2: b, epsilon: c)
        case 7: self = .sharedAdam(beta1: a, beta2: b, epsilon: c)
        case 8: self = .rmsprop(alpha: a, epsilon: b)
        case 9: self = .ftrl(beta: a)
        case 10: self = .movingAverage(decay: a)
        default: throw TranslationError("an optimizer of unknown kind \(wire.kind.rawValue)")
        }
    }

    func fill(_ wire: inout Wire.Optimizer) {
        let (kind, a, b, c): (UInt32, Float, Float, Float) =
            switch self {
            case .sgd: (0, 0, 0, 0)
            case .adagrad(let accumulator): (1, accumulator, 0, 0)
            case .adam(let beta1, let beta2, let epsilon): (2, beta1, beta2, epsilon)
            case .momentum(let decay, isNesterov: false): (3, decay, 0, 0)
            case .momentum(let decay, isNesterov: true): (4, decay, 0, 0)
            case .sharedAdagrad(let accumulator): (5, accumulator, 0, 0)
            case .lazyAdam(let beta1, let beta2, let epsilon): (6, beta1, beta2, epsilon)
            case .sharedAdam(let beta1, let beta2, let epsilon): (7, beta1, beta2, epsilon)
            case .rmsprop(let alpha, let epsilon): (8, alpha, epsilon, 0)
            case .ftrl(let beta): (9, beta, 0, 0)
            case .movingAverage(let decay): (10, decay, 0, 0)
            }
        wire.kind = .init(rawValue: numericCast(kind))
        (wire.a, wire.b, wire.c) = (a, b, c)
    }
}

extension LearningRateSchedule {
    init(wire: borrowing Wire.Schedule) throws(TranslationError) {
        let (factor, every) = (wire.factor, wire.every)
        let decay: Decay
        switch wire.kind.rawValue {
        case 0: decay = .constant
        case 1: decay = .step(factor: factor, every: every)
        case 2: decay = .exponential(factor: factor, every: every)
        case 3: decay = .inverseTime(factor: factor, every: every)
        case 4: decay = .cosine(floor: wire.floor, steps: every)
        default: throw TranslationError("a schedule of unknown kind \(wire.kind.rawValue)")
        }
        self.init(decay, warmUp: wire.warm_up)
    }

    func fill(_ wire: inout Wire.Schedule) {
        wire.warm_up = warmUp
        switch decay {
        case .constant:
            wire.kind = .init(rawValue: 0)
        case .step(let factor, let every):
            wire.kind = .init(rawValue: 1)
            (wire.factor, wire.every) = (factor, every)
        case .exponential(let factor, let every):
            wire.kind = .init(rawValue: 2)
            (wire.factor, wire.every) = (factor, every)
        case .inverseTime(let factor, let every):
            wire.kind = .init(rawValue: 3)
            (wire.factor, wire.every) = (factor, every)
        case .cosine(let floor, let steps):
            wire.kind = .init(rawValue: 4)
            (wire.floor, wire.every) = (floor, steps)
        }
    }
}
