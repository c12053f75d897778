import LehrCore

@testable import LehrTable

/// A table that could not be simpler: a dictionary of rows, every float updated by itself in the
/// order of operations that the rules promise.
struct ReferenceTable {
    struct Row {
        var weight: [Float]
        var first: [Float]
        var second: [Float]
        var step: UInt32 = 0
        var show: Float = 0
        var click: Float = 0
    }

    let spec: TableSpec
    var rows: [UInt64: Row] = [:]
    /// Keys in the order of their creation.
    var order: [UInt64] = []

    init(spec: TableSpec) { self.spec = spec }

    func weight(_ key: UInt64) -> [Float] {
        rows[key]?.weight ?? InitialRow(spec: spec).row(key, dimension: spec.dimension)
    }

    mutating func push(_ key: UInt64, _ gradient: ArraySlice<Float>, show: Float, click: Float) {
        var row = rows[key] ?? newRow(key)
        row.step += 1
        row.show += show
        row.click += click
        for (i, g) in gradient.enumerated() {
            update(&row, i, g + spec.optimizer.l2 * row.weight[i])
        }
        rows[key] = row
    }

    private mutating func newRow(_ key: UInt64) -> Row {
        order.append(key)
        var accumulator: Float = 0
        if case .adagrad(let initial) = spec.optimizer.rule { accumulator = initial }
        return Row(
            weight: weight(key), first: [Float](repeating: accumulator, count: spec.dimension),
            second: [Float](repeating: 0, count: spec.dimension))
    }

    private func update(_ row: inout Row, _ i: Int, _ g: Float) {
        let rate = spec.optimizer.learningRate
        switch spec.optimizer.rule {
        case .sgd:
            row.weight[i] -= rate * g
        case .adagrad:
            row.first[i] += g * g
            row.weight[i] -= rate * g / row.first[i].squareRoot()
        case .adam(let beta1, let beta2, let epsilon):
            row.first[i] += (1 - beta1) * (g - row.first[i])
            row.second[i] += (1 - beta2) * (g * g - row.second[i])
            let power1 = PowerTable(base: Double(beta1)).power(row.step)
            let power2 = PowerTable(base: Double(beta2)).power(row.step)
            let scaledRate = Float(Double(rate) / (1 - power1))
            let correction = Float(1 / (1 - power2))
            let scale = (row.second[i] * correction).squareRoot() + epsilon
            row.weight[i] -= scaledRate * row.first[i] / scale
        }
    }
}
