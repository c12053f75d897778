import CLehrWire
import LehrCore
package import LehrTable
package import LehrWire

extension TableSpec {
    package init(wire: borrowing Wire.TableSpec) throws(TranslationError) {
        let name = text(wire.name)
        guard let initializer = wire.initializer, let optimizer = wire.optimizer else {
            throw TranslationError("table \(name) has no initializer or no optimizer")
        }
        self.init(
            name: name, keys: wire.rows == 0 ? .hashed : .rows(wire.rows),
            dimension: Int(wire.dimension), initializer: try Initializer(wire: initializer.pointee),
            optimizer: try Optimizer(wire: optimizer.pointee), seed: wire.seed)
    }

    package func fill(_ wire: inout Wire.TableSpec, _ arena: WireArena) {
        wire.name = arena.string(name)
        if case .rows(let count) = keys { wire.rows = count }
        wire.dimension = UInt32(dimension)
        wire.initializer = arena.make(Wire.Initializer.self) { message, _ in
            initializer.fill(&message)
        }
        wire.optimizer = arena.make(Wire.Optimizer.self) { message, _ in optimizer.fill(&message) }
        wire.seed = seed
    }
}

extension Initializer {
    init(wire: borrowing Wire.Initializer) throws(TranslationError) {
        switch wire.kind.rawValue {
        case 0: self = .constant(wire.a)
        case 1: self = .uniform(low: wire.a, high: wire.b)
        case 2: self = .normal(deviation: wire.a)
        default: throw TranslationError("an initializer of unknown kind \(wire.kind.rawValue)")
        }
    }

    func fill(_ wire: inout Wire.Initializer) {
        switch self {
        case .constant(let value):
            wire.kind = .init(rawValue: 0)
            wire.a = value
        case .uniform(let low, let high):
            wire.kind = .init(rawValue: 1)
            (wire.a, wire.b) = (low, high)
        case .normal(let deviation):
            wire.kind = .init(rawValue: 2)
            wire.a = deviation
        }
    }
}

extension Optimizer {
    init(wire: borrowing Wire.Optimizer) throws(TranslationError) {
        let rule: Rule
        switch wire.kind.rawValue {
        case 0: rule = .sgd
        case 1: rule = .adagrad(initialAccumulator: wire.a)
        case 2: rule = .adam(beta1: wire.a, beta2: wire.b, epsilon: wire.c)
        default: throw TranslationError("an optimizer of unknown kind \(wire.kind.rawValue)")
        }
        self.init(rule: rule, learningRate: wire.learning_rate, l2: wire.l2)
    }

    func fill(_ wire: inout Wire.Optimizer) {
        wire.learning_rate = learningRate
        wire.l2 = l2
        switch rule {
        case .sgd:
            wire.kind = .init(rawValue: 0)
        case .adagrad(let initialAccumulator):
            wire.kind = .init(rawValue: 1)
            wire.a = initialAccumulator
        case .adam(let beta1, let beta2, let epsilon):
            wire.kind = .init(rawValue: 2)
            (wire.a, wire.b, wire.c) = (beta1, beta2, epsilon)
        }
    }
}
