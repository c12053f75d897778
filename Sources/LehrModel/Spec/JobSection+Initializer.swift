import LehrTable

extension JobSection {
    private static let initializers = [
        "uniform", "normal", "truncated-normal", "constant", "zeros",
    ]

    /// The `initializer` of a model's embeddings.
    func initializer(default standard: Initializer) -> Initializer {
        guard has("initializer") else { return standard }
        let section = section("initializer")
        guard let kind = section.word("kind", among: Self.initializers) else {
            if !section.has("kind") {
                section.report(
                    "kind", "missing; expected one of \(Self.initializers.joined(separator: ", "))"
                )
            }
            section.passAll()
            return standard
        }
        defer { section.finish() }
        switch kind {
        case "uniform":
            let scale: Float = section.number("scale", in: 1e-9...1e3, default: 0.05)
            return .uniform(low: -scale, high: scale)
        case "normal":
            return .normal(deviation: section.number("deviation", in: 0...1e3, default: 0.05))
        case "truncated-normal":
            return .truncatedNormal(
                deviation: section.number("deviation", in: 0...1e3, default: 0.05))
        case "zeros": return .zeros
        default: return .constant(section.number("value", in: -1e3...1e3, default: 0))
        }
    }
}
