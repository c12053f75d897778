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
        guard let rows = NumberFormat(wire: wire.row_format.rawValue),
            let gradients = NumberFormat(wire: wire.gradient_format.rawValue),
            let keys = KeyFormat(wire: wire.key_format.rawValue)
        else {
            throw TranslationError(
                "table \(name) has a format of rows, gradients or keys unknown here")
        }
        self.init(
            name: name, keys: wire.rows == 0 ? .hashed : .rows(wire.rows),
            dimension: Int(wire.dimension), initializer: try Initializer(wire: initializer.pointee),
            optimizer: try Optimizer(wire: optimizer.pointee),
            storage: try wire.storage.map { message throws(TranslationError) in
                try RowStorage(wire: message.pointee)
            } ?? RowStorage(), seed: wire.seed,
            wire: WireFormat(rows: rows, gradients: gradients, keys: keys))
    }

    package func fill(_ wire: inout Wire.TableSpec, _ arena: WireArena) {
        wire.name = arena.string(name)
        if case .rows(let count) = keys { wire.rows = count }
        wire.dimension = UInt32(dimension)
        wire.initializer = arena.make(Wire.Initializer.self) { message, _ in
            initializer.fill(&message)
        }
        wire.optimizer = arena.make(Wire.Optimizer.self) { optimizer.fill(&$0, $1) }
        wire.seed = seed
        wire.row_format = .init(rawValue: self.wire.rows.wire)
        wire.gradient_format = .init(rawValue: self.wire.gradients.wire)
        wire.key_format = .init(rawValue: self.wire.keys.wire)
        if storage != RowStorage() {
            wire.storage = arena.make(Wire.RowStorage.self) { message, _ in storage.fill(&message) }
        }
    }
}

extension Initializer {
    init(wire: borrowing Wire.Initializer) throws(TranslationError) {
        switch wire.kind.rawValue {
        case 0: self = .constant(wire.a)
        case 1: self = .uniform(low: wire.a, high: wire.b)
        case 2: self = .normal(deviation: wire.a)
        case 3: self = .truncatedNormal(deviation: wire.a)
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
        case .truncatedNormal(let deviation):
            wire.kind = .init(rawValue: 3)
            wire.a = deviation
        }
    }
}
