import LehrCore
import LehrData
import LehrGraph
import LehrTable

@testable import LehrModel

/// A parameter store in memory that applies plain SGD: all a trainer needs to learn in a test.
struct MemoryStore {
    private let tables: [TableSpec]
    private let rate: Float
    var rows: [[UInt64: [Float]]]

    init(_ tables: [TableSpec], rate: Float) {
        self.tables = tables
        self.rate = rate
        rows = Array(repeating: [:], count: tables.count)
    }

    private static func initial(_ table: TableSpec, _ key: UInt64) -> [Float] {
        var random = RandomSource(seed: table.seed, path: key)
        return (0..<table.dimension).map { _ in
            switch table.initializer {
            case .constant(let value): value
            case .uniform(let low, let high): low + (high - low) * random.uniform()
            case .normal(let deviation), .truncatedNormal(let deviation):
                deviation * (2 * random.uniform() - 1)
            }
        }
    }

    mutating func pull(_ batch: PreparedBatch) -> [FloatBuffer] {
        tables.indices.map { index in
            let table = tables[index]
            let buffer = FloatBuffer(count: batch.keys[index].count * table.dimension)
            for (position, key) in batch.keys[index].enumerated() {
                let row = rows[index][key] ?? Self.initial(table, key)
                rows[index][key] = row
                for (column, value) in row.enumerated() {
                    buffer.floats[position * table.dimension + column] = value
                }
            }
            return buffer
        }
    }

    mutating func push(_ batch: PreparedBatch, _ gradients: [FloatBuffer]) {
        for (index, table) in tables.enumerated() {
            for (position, key) in batch.keys[index].enumerated() {
                for column in 0..<table.dimension {
                    rows[index][key]?[column] -=
                        rate * gradients[index].floats[position * table.dimension + column]
                }
            }
        }
    }
}

extension Trainer {
    /// A step with new buffers for the gradients.
    func step(
        _ batch: PreparedBatch, rows: [FloatBuffer]
    ) -> (result: StepResult, gradients: [FloatBuffer]) {
        let gradients = tables.map { _ in FloatBuffer() }
        return (step(batch, rows: rows, gradients: gradients), gradients)
    }
}

extension FeatureColumn {
    /// A column from the keys of each example.
    init(_ name: String, _ examples: [[UInt64]], values: [Float] = []) {
        self.init(name: name, distinct: [], offsets: [0], indices: [], values: values)
        var places: [UInt64: Int32] = [:]
        for keys in examples {
            for key in keys {
                let place = places[key] ?? Int32(distinct.count)
                if places.updateValue(place, forKey: key) == nil { distinct.append(key) }
                indices.append(place)
            }
            offsets.append(Int32(indices.count))
        }
    }
}

extension Batch {
    /// Pairs of a user and an item.
    init(pairs: [(user: UInt64, item: UInt64)]) {
        self.init(
            count: pairs.count,
            columns: [
                FeatureColumn("user", pairs.map { [$0.user] }),
                FeatureColumn("item", pairs.map { [$0.item] }),
            ], labels: [])
    }
}
