import LehrCore

@testable import LehrTable

/// A table that could not be simpler: a dictionary of rows.
struct ReferenceTable {
    let spec: TableSpec
    var rows: [UInt64: ReferenceRow] = [:]
    /// Keys in the order of their creation.
    var order: [UInt64] = []
    /// Pushes that a partition would have applied before the one under way.
    var pushCount: UInt64 = 0

    init(spec: TableSpec) { self.spec = spec }

    func weight(_ key: UInt64) -> [Float] {
        rows[key]?.weight ?? InitialRow(spec: spec).row(key, dimension: spec.dimension)
    }

    mutating func push(_ key: UInt64, _ gradient: ArraySlice<Float>, show: Float, click: Float) {
        var row = rows[key] ?? newRow(key)
        row.show += show
        row.click += click
        row.update(gradient, show: show, optimizer: spec.optimizer, pushes: pushCount)
        rows[key] = row
    }

    private mutating func newRow(_ key: UInt64) -> ReferenceRow {
        order.append(key)
        return ReferenceRow(weight: weight(key), optimizer: spec.optimizer)
    }
}
