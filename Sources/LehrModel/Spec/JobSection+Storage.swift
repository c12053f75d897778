import LehrTable

extension JobSection {
    /// The `storage` section: how the rows of embeddings and other hashed tables are kept.
    ///
    /// Keys of 128 bits cannot be asked for: whoever reads the data makes keys of 64.
    func storage(for model: ModelSpec) -> RowStorage {
        var storage = RowStorage()
        storage.numbers = trainedNumbers("numbers")
        storage.narrow = narrowRows(model)
        storage.atLimit = choice("at-limit", default: storage.atLimit)
        if has("limit-rows") {
            let range = RowStorage.rowLimits
            let limit = integer(
                "limit-rows", in: Int(range.lowerBound)...Int(range.upperBound),
                default: Int(range.upperBound))
            storage.rowLimit = UInt64(limit)
        }
        return storage
    }

    func trainedNumbers(_ key: String) -> NumberFormat {
        let names = NumberFormat.allCases.filter { $0 != .int8 }.map(\.rawValue)
        return word(key, among: names).flatMap { NumberFormat(rawValue: $0) } ?? .float32
    }

    private func narrowRows(_ model: ModelSpec) -> NarrowRows? {
        guard has("narrow") else { return nil }
        guard case .twoTower(let model) = model, model.dimension > 1 else {
            refuse("narrow", "rows of one number are not made narrower")
            return nil
        }
        let section = section("narrow")
        defer { section.finish() }
        for key in ["width", "until-shows"] where !section.has(key) {
            section.report(key, "missing; narrow rows have a width and until-shows")
        }
        return NarrowRows(
            width: section.integer("width", in: 1...(model.dimension - 1), default: 1),
            untilShows: section.number("until-shows", in: 1...1e6, default: 1))
    }
}

extension JobSpec {
    /// The storage of the item bias: rows of one number, of which there are as many as items.
    var itemBiasStorage: RowStorage {
        RowStorage(atLimit: storage.atLimit, rowLimit: storage.rowLimit)
    }
}
