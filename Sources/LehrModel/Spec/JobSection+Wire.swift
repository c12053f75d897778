import LehrTable

extension JobSection {
    /// The `wire` section, keyed as the `optimizer` section is.
    func wireFormats(for model: ModelSpec) -> WireSpecs {
        var (dimension, hasItemBias, denseDimension) = (1, false, 1)
        if case .twoTower(let model) = model {
            (dimension, hasItemBias) = (model.dimension, model.hasItemBias)
            denseDimension =
                (model.user.hidden + model.item.hidden + [dimension]).min() ?? dimension
        }
        let sparse = wireFormat("sparse", dimension: dimension)
        var bias = WireFormat(keys: sparse.keys)
        if hasItemBias {
            bias = wireFormat("item-bias", dimension: 1, default: bias)
        } else {
            refuse("item-bias", "the model has no item bias")
        }
        return WireSpecs(
            sparse: sparse, itemBias: bias,
            dense: wireFormat("dense", dimension: denseDimension))
    }

    /// - Parameter dimension: the smallest of the tables meant.
    func wireFormat(
        _ key: String, dimension: Int, default standard: WireFormat = WireFormat()
    ) -> WireFormat {
        let section = section(key)
        defer { section.finish() }
        return WireFormat(
            rows: section.numbers("rows", dimension, default: standard.rows),
            gradients: section.numbers("gradients", dimension, default: standard.gradients),
            keys: section.choice("keys", default: standard.keys))
    }

    private func numbers(
        _ key: String, _ dimension: Int, default standard: NumberFormat
    ) -> NumberFormat {
        let format = choice(key, default: standard)
        guard format == .int8, dimension == 1 else { return format }
        report(
            key,
            "int8 takes more than f32 for rows of one number, which are among these; "
                + "expected one of f32, f16, bf16")
        return standard
    }
}
