import LehrData

/// The columns `user` and `item` of a batch.
struct PairColumns {
    let user: FeatureColumn
    let item: FeatureColumn

    /// - Throws: when a column is absent, or a user is not a single key.
    init(_ batch: Batch) throws(ModelError) {
        user = try batch.column("user")
        item = try batch.column("item")
        try requireSingle(user, count: batch.count)
    }

    /// - Throws: when an item is not a single key, as training needs.
    func requireSingleItems(count: Int) throws(ModelError) {
        try requireSingle(item, count: count)
    }

    private func requireSingle(_ column: FeatureColumn, count: Int) throws(ModelError) {
        precondition(column.offsets.count == count + 1, "a column covers its batch")
        for example in 0..<count {
            let size = Int(column.offsets[example + 1]) - Int(column.offsets[example])
            guard size == 1 else {
                throw .notSingle(column: column.name, example: example, found: size)
            }
        }
    }
}

extension Batch {
    func column(_ name: String) throws(ModelError) -> FeatureColumn {
        guard let column = columns.first(where: { $0.name == name }) else {
            throw .missingColumn(name: name, found: columns.map(\.name))
        }
        return column
    }
}
