/// One measured quantity, with what it is held against.
package struct Figure: Encodable, Sendable {
    /// What a figure must keep to.
    package enum Target: Encodable, Sendable, CustomStringConvertible {
        case atMost(Double)
        case atLeast(Double)

        package func isMet(by value: Double) -> Bool {
            switch self {
            case .atMost(let bound): value <= bound
            case .atLeast(let bound): value >= bound
            }
        }

        package var description: String {
            switch self {
            case .atMost(let bound): "<= \(bound)"
            case .atLeast(let bound): ">= \(bound)"
            }
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }
    }

    package struct Reference: Encodable, Sendable {
        package let name: String
        package let sample: Sample

        private enum Keys: CodingKey { case name }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(name, forKey: .name)
            try sample.encode(to: encoder)
        }
    }

    package let name: String
    package let summary: String
    package let unit: String
    package let lehr: Sample
    package let reference: Reference?
    /// Lehr's value over the reference's, round by round.
    package let ratio: Sample?
    /// Bounds the median of the ratio; without a reference, of the value itself.
    package let target: Target?
    package let note: String?

    package init(
        _ name: String, _ summary: String, unit: String, lehr: [Double],
        reference: (name: String, values: [Double])? = nil, target: Target? = nil,
        note: String? = nil
    ) {
        self.name = name
        self.summary = summary
        self.unit = unit
        self.lehr = Sample(lehr)
        self.reference = reference.map { Reference(name: $0.name, sample: Sample($0.values)) }
        ratio = reference.map { Sample(zip(lehr, $0.values).map { $0 / $1 }) }
        self.target = target
        self.note = note
    }

    /// nil: there is no target.
    package var passed: Bool? { target?.isMet(by: (ratio ?? lehr).median) }

    private enum Keys: CodingKey {
        case name, summary, unit, lehr, reference, ratio, target, passed, note
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(name, forKey: .name)
        try container.encode(summary, forKey: .summary)
        try container.encode(unit, forKey: .unit)
        try container.encode(lehr, forKey: .lehr)
        try container.encodeIfPresent(reference, forKey: .reference)
        try container.encodeIfPresent(ratio, forKey: .ratio)
        try container.encodeIfPresent(target, forKey: .target)
        try container.encodeIfPresent(passed, forKey: .passed)
        try container.encodeIfPresent(note, forKey: .note)
    }
}
