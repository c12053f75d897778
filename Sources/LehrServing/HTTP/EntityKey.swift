import LehrCore
import LehrWeb

/// A user or an item as JSON names it: a whole number, or text.
///
/// Text that is a decimal number below 2^64 stands for that number, any other text is hashed, as
/// in the training data (`featureKey`).
package enum EntityKey: Hashable, Sendable, Decodable {
    case number(UInt64)
    case text(String)

    /// Beyond this, JSON numbers lose digits in programs that hold them as doubles.
    static let exactLimit: UInt64 = 1 << 53

    static let expectation = "a whole number from 0 to 2^64 - 1, or text"

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package var key: UInt64 {
        switch self {
        case .number(let number): number
        case .text(let text): featureKey(text.utf8)
        }
    }
}

extension JSONWriter {
    /// A key as a number where every JSON reader holds it exactly, else as text.
    mutating func value(_ key: EntityKey) {
        switch key {
        case .number(let number) where number <= EntityKey.exactLimit: value(number)
        case .number(let number): value(String(number))
        case .text(let text): value(text)
        }
    }
}
